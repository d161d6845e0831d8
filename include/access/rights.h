/*
 * rights.h - may this one listen to that, or speak there?
 *
 * Promise   Names that begin with the internal prefix are never open, whatever the rights say. What is open is a good
 *           name: 1 to 256 bytes of UTF-8 without control characters.
 */
#ifndef ACCESS_RIGHTS_H
#define ACCESS_RIGHTS_H

#include "access/access.h"
#include "base/bytes.h"

/* A channel, or a pattern of channels all of which it may listen to. */
MUST_CHECK struct refusal rights_subscribe(const struct access *access, const struct who *who, struct bytes name);
/* One channel. */
MUST_CHECK struct refusal rights_publish(const struct access *access, const struct who *who, struct bytes name);

#endif
