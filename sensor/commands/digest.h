/*
 * commands/digest - SHA-256 of a file, so that a report says what it was made of.
 */
#pragma once

#include "base/reason.h"

#define DIGEST_TEXT_BYTES 65

/* Lower-case hex; "" of what is no regular file (a folder, a pipe). False: it cannot be read. */
bool digest_of_file(const char *path, char text[DIGEST_TEXT_BYTES], struct reason *why);
