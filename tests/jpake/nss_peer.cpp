// The other side of an Easy Setup pairing, played by NSS: its J-PAKE, HKDF, AES and HMAC, and none of our
// code. One command a line on stdin, one answer a line on stdout, words between blanks, bytes as hex:
//
//     round1 SIGNER                          gx1 gr1 b1 gx2 gr2 b2
//     round2 PEER PIN gx1 gr1 b1 gx2 gr2 b2  A gr b
//     final A gr b                           AES-key HMAC-key
//     encrypt IV TEXT                        CIPHERTEXT-IN-BASE64 HMAC-OF-THAT-TEXT
//     decrypt IV CIPHERTEXT                  TEXT
//
// What NSS refuses is answered with `error WHAT CODE`.

#include <nss.h>
#include <nssb64.h>
#include <pk11pub.h>
#include <pkcs11n.h>
#include <prinit.h>
#include <secport.h>

#include <array>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Bytes = std::vector<unsigned char>;
using Words = std::vector<std::string>;

/// The group of Easy Setup, written down a second time on purpose: a slip in ours must show.
constexpr std::string_view p_hex =
    "90066455B5CFC38F9CAA4A48B4281F292C260FEEF01FD61037E56258A7795A1C7AD46076982CE6BB956936C6AB4DCFE0"
    "5E6784586940CA544B9B2140E1EB523F009D20A7E7880E4E5BFA690F1B9004A27811CD9904AF70420EEFD6EA11EF7DA1"
    "29F58835FF56B89FAA637BC9AC2EFAAB903402229F491D8D3485261CD068699B6BA58A1DDBBEF6DB51E8FE34E8A78E54"
    "2D7BA351C21EA8D8F1D29F5D5D15939487E27F4416B0CA632C59EFD1B1EB66511A5A0FBF615B766C5862D0BD8A3FE7A0"
    "E0DA0FB2FE1FCB19E8F9996A8EA0FCCDE538175238FC8B0EE6F29AF7F642773EBE8CD5402415A01451A840476B2FCEB0"
    "E388D30D4B376C37FE401C2A2C2F941DAD179C540C1C8CE030D460C4D983BE9AB0B20F69144C1AE13F9383EA1C08504F"
    "B0BF321503EFE43488310DD8DC77EC5B8349B8BFE97C2C560EA878DE87C11E3D597F1FEA742D73EEC7F37BE43949EF1A"
    "0D15C3F3E3FC0A8335617055AC91328EC22B50FC15B941D3D1624CD88BC25F3E941FDDC6200689581BFEC416B4B2CB73";
constexpr std::string_view q_hex = "CFA0478A54717B08CE64805B76E5B14249A77A4838469DF7F7DC987EFCCFB11D";
constexpr std::string_view g_hex =
    "5E5CBA992E0A680D885EB903AEA78E4A45A469103D448EDE3B7ACCC54D521E37F84A4BDD5B06B0970CC2D2BBB715F7B8"
    "2846F9A0C393914C792E6A923E2117AB805276A975AADB5261D91673EA9AAFFEECBFA6183DFCB5D3B7332AA19275AFA1"
    "F8EC0B60FB6F66CC23AE4870791D5982AAD1AA9485FD8F4A60126FEB2CF05DB8A7F0F09B3397F3937F2E90B9E5B9C9B6"
    "EFEF642BC48351C46FB171B9BFA9EF17A961CE96C7E7A7CC3D3D03DFAD1078BA21DA425198F07D2481622BCE45969D9C"
    "4D6063D72AB7A0F08B2F49A7CC6AF335E08C4720E31476B67299E231F8BD90B39AC3AE3BE0C6B6CACEF8289A2E2873D5"
    "8E51E029CAFBD55E6841489AB66B5B4B9BA6E2F784660896AFF387D92844CCB8B69475496DE19DA2E58259B090489AC8"
    "E62363CDF82CFD8EF2A427ABCD65750B506F56DDE3B988567A88126B914D7828E2B63A6D7ED0747EC59E0E0A23CE7D8A"
    "74C1D2C2A7AFB6A29799620F00E11C33787F7DED3B30E1A22D09F1FBDA1ABBBFBF25CAE05A13F812E34563F99410E73B";
constexpr std::string_view key_info = "Sync-AES_256_CBC-HMAC256";
constexpr std::size_t number_size = 384;
constexpr int key_size = 32;

struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* it) const {
        Free(it);
    }
};
using Key = std::unique_ptr<PK11SymKey, Freer<PK11_FreeSymKey>>;
using Slot = std::unique_ptr<PK11SlotInfo, Freer<PK11_FreeSlot>>;

Bytes unhex(std::string_view text) {
    if (text.size() % 2 != 0) throw Refused("odd hex");
    Bytes bytes;
    for (std::size_t i = 0; i < text.size(); i += 2)
        bytes.push_back(static_cast<unsigned char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    return bytes;
}

/// Upper case, as Firefox sent it.
std::string hex(const unsigned char* bytes, std::size_t size) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return text;
}

SECItem item(void* data, std::size_t size) {
    return {siBuffer, static_cast<unsigned char*>(data), static_cast<unsigned>(size)};
}

template <class T>
SECItem item(T& parameters) {
    return item(&parameters, sizeof(parameters));
}

CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, const void* data, std::size_t size) {
    return {type, const_cast<void*>(data), size};
}

Key made(PK11SymKey* key, const char* what) {
    if (key == nullptr) throw Refused(what);
    return Key(key);
}

/// Value, commitment and response, in NSS's hands or coming out of them.
struct PublicValue {
    Bytes value, commitment, response;

    static PublicValue room() { return {Bytes(number_size), Bytes(number_size), Bytes(number_size)}; }
    static PublicValue of(const Words& words, std::size_t first) {
        return {unhex(words.at(first)), unhex(words.at(first + 1)), unhex(words.at(first + 2))};
    }
    CK_NSS_JPAKEPublicValue view() {
        return {value.data(),      value.size(),    commitment.data(),
                commitment.size(), response.data(), response.size()};
    }
};

std::string text_of(const CK_NSS_JPAKEPublicValue& value) {
    return hex(value.pGX, value.ulGXLen) + ' ' + hex(value.pGV, value.ulGVLen) + ' ' +
           hex(value.pR, value.ulRLen);
}

class Peer {
  public:
    std::string answer(const Words& words) {
        const auto& verb = words.at(0);
        if (verb == "round1") return round1(words);
        if (verb == "round2") return round2(words);
        if (verb == "final") return final(words);
        if (verb == "encrypt") return encrypt(words);
        if (verb == "decrypt") return decrypt(words);
        throw Refused("unknown command");
    }

  private:
    std::string round1(const Words& words) {
        std::array<CK_MECHANISM_TYPE, 3> mechanisms = {
            CKM_NSS_JPAKE_ROUND1_SHA256, CKM_NSS_JPAKE_ROUND2_SHA256, CKM_NSS_JPAKE_FINAL_SHA256};
        const Slot slot(PK11_GetBestSlotMultiple(mechanisms.data(), mechanisms.size(), nullptr));
        if (!slot) throw Refused("no J-PAKE in this NSS");
        const auto p = unhex(p_hex);
        const auto q = unhex(q_hex);
        const auto g = unhex(g_hex);
        const auto& signer = words.at(1);
        CK_KEY_TYPE type = CKK_NSS_JPAKE_ROUND1;
        std::array attributes = {
            attribute(CKA_NSS_JPAKE_SIGNERID, signer.data(), signer.size()),
            attribute(CKA_KEY_TYPE, &type, sizeof(type)), attribute(CKA_PRIME, p.data(), p.size()),
            attribute(CKA_SUBPRIME, q.data(), q.size()), attribute(CKA_BASE, g.data(), g.size())};
        auto one = PublicValue::room();
        auto two = PublicValue::room();
        CK_NSS_JPAKERound1Params parameters{one.view(), two.view()};
        auto wrapped = item(parameters);
        key_ =
            made(PK11_KeyGenWithTemplate(slot.get(), CKM_NSS_JPAKE_ROUND1_SHA256, CKM_NSS_JPAKE_ROUND1_SHA256,
                                         &wrapped, attributes.data(), attributes.size(), nullptr),
                 "round 1");
        return text_of(parameters.gx1) + ' ' + text_of(parameters.gx2);
    }

    std::string round2(const Words& words) {
        const auto& peer = words.at(1);
        auto secret = words.at(2);
        auto three = PublicValue::of(words, 3);
        auto four = PublicValue::of(words, 6);
        auto a = PublicValue::room();
        CK_NSS_JPAKERound2Params parameters{reinterpret_cast<CK_BYTE*>(secret.data()), secret.size(),
                                            three.view(), four.view(), a.view()};
        CK_KEY_TYPE type = CKK_NSS_JPAKE_ROUND2;
        std::array attributes = {attribute(CKA_NSS_JPAKE_PEERID, peer.data(), peer.size()),
                                 attribute(CKA_KEY_TYPE, &type, sizeof(type))};
        auto wrapped = item(parameters);
        key_ = made(PK11_DeriveWithTemplate(key_.get(), CKM_NSS_JPAKE_ROUND2_SHA256, &wrapped,
                                            CKM_NSS_JPAKE_FINAL_SHA256, CKA_DERIVE, 0, attributes.data(),
                                            attributes.size(), PR_FALSE),
                    "round 2");
        return text_of(parameters.A);
    }

    std::string final(const Words& words) {
        auto b = PublicValue::of(words, 1);
        CK_NSS_JPAKEFinalParams parameters{b.view()};
        auto wrapped = item(parameters);
        const auto material = made(
            PK11_Derive(key_.get(), CKM_NSS_JPAKE_FINAL_SHA256, &wrapped, CKM_NSS_HKDF_SHA256, CKA_DERIVE, 0),
            "final");
        CK_NSS_HKDFParams hkdf{};
        hkdf.bExtract = CK_TRUE;
        hkdf.bExpand = CK_TRUE;
        hkdf.pInfo = reinterpret_cast<CK_BYTE*>(const_cast<char*>(key_info.data()));
        hkdf.ulInfoLen = key_info.size();
        wrapped = item(hkdf);
        const auto both = made(PK11_Derive(material.get(), CKM_NSS_HKDF_SHA256, &wrapped,
                                           CKM_EXTRACT_KEY_FROM_KEY, CKA_DERIVE, 2 * key_size),
                               "HKDF");
        encryption_ = part(both, 0, CKM_AES_CBC_PAD, CKA_ENCRYPT);
        authentication_ = part(both, key_size, CKM_SHA256_HMAC, CKA_SIGN);
        return raw(encryption_) + ' ' + raw(authentication_);
    }

    std::string encrypt(const Words& words) {
        auto iv = unhex(words.at(1));
        const auto text = unhex(words.at(2));
        auto parameters = item(iv.data(), iv.size());
        Bytes cipher(text.size() + 16);
        unsigned size = 0;
        if (PK11_Encrypt(encryption_.get(), CKM_AES_CBC_PAD, &parameters, cipher.data(), &size,
                         static_cast<unsigned>(cipher.size()), text.data(),
                         static_cast<unsigned>(text.size())) != SECSuccess) {
            throw Refused("encrypt");
        }
        auto binary = item(cipher.data(), size);
        const std::unique_ptr<char, Freer<PORT_Free>> wrapped(
            NSSBase64_EncodeItem(nullptr, nullptr, 0, &binary));
        std::string base64;  // NSS breaks lines
        for (const char c : std::string_view(wrapped.get())) {
            if (c != '\r' && c != '\n') base64 += c;
        }
        return base64 + ' ' + hmac(base64);
    }

    std::string decrypt(const Words& words) {
        auto iv = unhex(words.at(1));
        auto parameters = item(iv.data(), iv.size());
        const std::unique_ptr<SECItem, decltype([](SECItem* it) { SECITEM_FreeItem(it, PR_TRUE); })> cipher(
            NSSBase64_DecodeBuffer(nullptr, nullptr, words.at(2).data(),
                                   static_cast<unsigned>(words.at(2).size())));
        if (!cipher) throw Refused("base64");
        Bytes text(cipher->len);
        unsigned size = 0;
        if (PK11_Decrypt(encryption_.get(), CKM_AES_CBC_PAD, &parameters, text.data(), &size,
                         static_cast<unsigned>(text.size()), cipher->data, cipher->len) != SECSuccess) {
            throw Refused("decrypt");
        }
        return hex(text.data(), size);
    }

    std::string hmac(std::string_view text) {
        std::array<unsigned char, key_size> code{};
        auto none = item(nullptr, 0);
        auto input = item(const_cast<char*>(text.data()), text.size());
        auto output = item(code.data(), code.size());
        if (PK11_SignWithSymKey(authentication_.get(), CKM_SHA256_HMAC, &none, &output, &input) != SECSuccess)
            throw Refused("HMAC");
        return hex(code.data(), code.size());
    }

    static Key part(const Key& both, CK_ULONG first_byte, CK_MECHANISM_TYPE purpose,
                    CK_ATTRIBUTE_TYPE operation) {
        CK_EXTRACT_PARAMS bit = first_byte * 8;
        auto wrapped = item(bit);
        return made(PK11_Derive(both.get(), CKM_EXTRACT_KEY_FROM_KEY, &wrapped, purpose, operation, key_size),
                    "extract");
    }

    static std::string raw(const Key& key) {
        if (PK11_ExtractKeyValue(key.get()) != SECSuccess) throw Refused("key value");
        const SECItem* value = PK11_GetKeyData(key.get());
        return hex(value->data, value->len);
    }

    Key key_, encryption_, authentication_;
};

void serve() {
    Peer peer;
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream in(line);
        Words words;
        for (std::string word; in >> word;)
            words.push_back(word);
        try {
            std::cout << peer.answer(words) << std::endl;
        } catch (const std::exception& problem) {
            std::cout << "error " << problem.what() << ' ' << PORT_GetError() << std::endl;
        }
    }
}

}  // namespace

/// For AddressSanitizer, where the tests are built with it: NSS 3.87 forgets some numbers when it refuses a
/// message.
extern "C" const char* __asan_default_options() {
    return "detect_leaks=0";
}

int main() {
    if (NSS_NoDB_Init(nullptr) != SECSuccess) {
        std::cerr << "NSS does not start: " << PORT_GetError() << '\n';
        return 1;
    }
    serve();
    const bool fine = NSS_Shutdown() == SECSuccess;  // fails when something of NSS is still held
    PR_Cleanup();
    return fine ? 0 : 1;
}
