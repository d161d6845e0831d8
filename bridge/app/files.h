/*
 * files.h - the files of bridge/web/, built into the binary.
 */
#ifndef APP_FILES_H
#define APP_FILES_H

struct request;

/* For the route "/". */
void files_answer_index(void *arg, struct request *request);

#endif
