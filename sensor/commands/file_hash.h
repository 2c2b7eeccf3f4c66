/*
 * commands/file_hash - SHA-256 of a file, so that a report says what it was made of.
 */
#pragma once

#include "base/reason.h"

#define FILE_HASH_BYTES 65

/* Lower-case hex; "" of what is no regular file (a folder, a pipe). False: it cannot be read. */
bool file_hash(const char *path, char text[FILE_HASH_BYTES], struct reason *why);
