# cmake -DINPUT=files -DOUTPUT=file.c -DSYMBOL=name -P embed.cmake: write the concatenated files as a C array that
# ends in a NUL, which SYMBOL_len does not count.
set(bytes "")
foreach(file IN LISTS INPUT)
  file(READ ${file} part HEX)
  string(APPEND bytes "${part}")
endforeach()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "#include <stddef.h>
extern const char ${SYMBOL}[];
extern const size_t ${SYMBOL}_len;
const char ${SYMBOL}[] = {${bytes}0};
const size_t ${SYMBOL}_len = sizeof ${SYMBOL} - 1;
")
