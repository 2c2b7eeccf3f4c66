/*
 * ship/rendering_text - text of bounded length, put together piece by piece.
 *
 * A piece that does not fit is not written at all, and is_full says so: the caller
 * goes back to a mark. Bytes that could forge a line never get in.
 */
#pragma once

#include "ship/event.h"

struct rendering_text {
	char *text;
	size_t size;
	size_t len;
	bool is_full;
};

/* Put our own words, as they are. */
void rendering_put(struct rendering_text *out, const char *words);
void rendering_put_number(struct rendering_text *out, uint64_t number);

/*
 * A value from anywhere: letters stay whatever their writing; controls, and marks that
 * turn the direction of writing, become '?'; each of special gets a '\' before it.
 */
void rendering_put_value(
	struct rendering_text *out, const char *value, const char *special);

/* Whatever was put since the mark stays, or all of it goes. False: it went. */
bool rendering_keep(struct rendering_text *out, size_t mark);

/* One value of an event under a short name. */
struct rendering_field {
	const char *name;
	const char *path; /* as rendering_value takes it */
};

/* Ends with a row without a name; who, whom, finding, row and reason come first. */
extern const struct rendering_field RENDERING_FIELDS[];

#define RENDERING_VALUE_BYTES 1024

/*
 * The ends that were judged: behind a proxy others than those on the wire. What was
 * seen stands before what the matrix says of it.
 */
#define RENDERING_SOURCE           "mail.judged_src_ip|src_ip"
#define RENDERING_SOURCE_PORT      "mail.judged_src_port|src_port"
#define RENDERING_DESTINATION      "mail.judged_dest_ip|dest_ip"
#define RENDERING_DESTINATION_PORT "mail.judged_dest_port|dest_port"
#define RENDERING_REASON           "alert.metadata.detail|mail.reason|matrix.problem"

/*
 * The value at a path as text: numbers in decimal, lists joined by ",". Of several
 * paths, "a|b", the first that has one. Made here are "@severity" (a word), "@reasons"
 * (with what else has the same cause) , "@wire.PATH" (behind a proxy only) and "@ms.PATH" (a time in milliseconds since 1970). NULL: the
 * event has none. room: where it is made, if it must be.
 */
const char *rendering_value(
	const struct event *event, const char *path, char room[RENDERING_VALUE_BYTES]);

/* Put one sentence that tells a human what happened. */
void rendering_put_sentence(struct rendering_text *out, const struct event *event);
