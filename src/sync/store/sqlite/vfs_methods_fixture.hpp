#pragma once
#include <sqlite3.h>

namespace homespun::sync::store::sqlite {

/// The methods of a file that hands everything to the system's file behind it, which `inner` finds. For test
/// VFSes, which then replace those they mean to spoil.
template <sqlite3_file* (*inner)(sqlite3_file*)>
sqlite3_io_methods passing_methods() {
    using F = sqlite3_file*;
    using I = sqlite3_int64;
    sqlite3_io_methods m{};
    m.iVersion = 2;
    m.xClose = [](F f) { return inner(f)->pMethods->xClose(inner(f)); };
    m.xRead = [](F f, void* to, int n, I at) { return inner(f)->pMethods->xRead(inner(f), to, n, at); };
    m.xWrite = [](F f, const void* from, int n, I at) {
        return inner(f)->pMethods->xWrite(inner(f), from, n, at);
    };
    m.xTruncate = [](F f, I size) { return inner(f)->pMethods->xTruncate(inner(f), size); };
    m.xSync = [](F f, int flags) { return inner(f)->pMethods->xSync(inner(f), flags); };
    m.xFileSize = [](F f, I* size) { return inner(f)->pMethods->xFileSize(inner(f), size); };
    m.xLock = [](F f, int lock) { return inner(f)->pMethods->xLock(inner(f), lock); };
    m.xUnlock = [](F f, int lock) { return inner(f)->pMethods->xUnlock(inner(f), lock); };
    m.xCheckReservedLock = [](F f, int* is) { return inner(f)->pMethods->xCheckReservedLock(inner(f), is); };
    m.xFileControl = [](F f, int op, void* arg) {
        return inner(f)->pMethods->xFileControl(inner(f), op, arg);
    };
    m.xSectorSize = [](F f) { return inner(f)->pMethods->xSectorSize(inner(f)); };
    m.xDeviceCharacteristics = [](F f) { return inner(f)->pMethods->xDeviceCharacteristics(inner(f)); };
    m.xShmMap = [](F f, int page, int size, int extend, void volatile** at) {
        return inner(f)->pMethods->xShmMap(inner(f), page, size, extend, at);
    };
    m.xShmLock = [](F f, int at, int n, int flags) {
        return inner(f)->pMethods->xShmLock(inner(f), at, n, flags);
    };
    m.xShmBarrier = [](F f) { inner(f)->pMethods->xShmBarrier(inner(f)); };
    m.xShmUnmap = [](F f, int remove) { return inner(f)->pMethods->xShmUnmap(inner(f), remove); };
    return m;
}

}  // namespace homespun::sync::store::sqlite
