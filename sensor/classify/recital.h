/*
 * classify/recital - whether a server's words answer anything.
 *
 * A file may hold the lines of a mail dialogue, and a server that gives it out (FTP's data,
 * gopher, finger, HTTP/0.9) says them all, to a client that says nothing or asks once. In: what
 * came of both sides. Out: whether that client said anything that a mail server answers.
 */
#pragma once

#include "classify/classify.h"

/* This side would be heard, and said nothing. */
bool recital_is_mute(
	const struct prefix *prefix, const struct classify_hint *hint, unsigned side);

/*
 * The client said nothing, or asked for something once, as one asks for a file: a server's
 * answers to commands answer nothing.
 */
bool recital_is_unasked(const struct prefix *prefix, const struct classify_hint *hint,
	const struct classification *result, const struct traits *traits,
	unsigned client);
