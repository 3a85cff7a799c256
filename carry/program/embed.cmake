# cmake -D INPUT=OBJECT -D OUTPUT=HEADER -P embed.cmake: a file's content as an array that the carrier is linked with.
file(READ "${INPUT}" content HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${content}")
file(WRITE "${OUTPUT}" "// Generated from carry/program/carry.bpf.c.
#pragma once
namespace netclsd::carry {
alignas(8) inline constexpr unsigned char kProgramObject[] = {${bytes}};
}
")
