# cmake -DINPUT=file -DOUTPUT=file.c -DSYMBOL=name -P embed.cmake: a file's bytes as a C array.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "#include <stddef.h>
extern const char ${SYMBOL}[];
extern const size_t ${SYMBOL}_len;
const char ${SYMBOL}[] = {${bytes}0};
const size_t ${SYMBOL}_len = sizeof ${SYMBOL} - 1;
")
