/*
 * files.h - the files of bridge/web/, built into the binary.
 */
#ifndef APP_FILES_H
#define APP_FILES_H

struct transport_file;

/* All of them; lives as long as the process. */
const struct transport_file *files_all(unsigned *count);

#endif
