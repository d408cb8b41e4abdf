# Compiles files into a program: `embed(target root file…)` makes embedded.cpp with the table that
# apps/*/embedded.hpp declares. Names are relative to root. The hash of each file stands in the source, since a compiler
# cache does not look into what #embed takes in.
function(embed target root)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded.cpp)
  set(text "#include \"embedded.hpp\"\n\n#pragma clang diagnostic ignored \"-Wc23-extensions\"\n\nnamespace {\n")
  set(table "")
  set(number 0)
  foreach(file ${ARGN})
    file(RELATIVE_PATH name ${root} ${file})
    file(SHA256 ${file} hash)
    string(APPEND text "[[maybe_unused]] constexpr const char* hash_${number} = \"${hash}\";\n"
                       "constexpr char file_${number}[] = {\n#embed \"${file}\" suffix(, )\n0};\n")
    string(APPEND table "    {\"${name}\", {file_${number}, sizeof(file_${number}) - 1}},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  string(APPEND text "constexpr homespun::barrel::EmbeddedAssets::Entry entries[] = {\n${table}};\n}  // namespace\n\n"
                     "std::span<const homespun::barrel::EmbeddedAssets::Entry> embedded_files() { return entries; }\n")
  file(CONFIGURE OUTPUT ${out} CONTENT "${text}" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARGN})
  target_sources(${target} PRIVATE ${out})
endfunction()
