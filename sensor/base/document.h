/*
 * base/document - one JSON document, read or built by paths such as "alert.metadata.finding".
 *
 * The only file that knows jansson. Used behind the journal, where memory may be
 * taken: the workers write EVE with json_writer, which takes none. A name with a dot
 * in it cannot be reached; ours have none. What is built is valid JSON in UTF-8 on
 * one line, controls and marks that turn the direction of writing escaped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct document {
	void *root; /* the library's; NULL: none */
};

/* False: the text is no JSON object, or there is no memory. */
bool document_parse(struct document *document, const char *text, size_t len);

/* Make an empty object, to be built. False: no memory. */
bool document_start(struct document *document);
void document_free(struct document *document);

/* A number in the path is the place in a list. NULL: no such member, or it is no text. Borrowed from the document. */
const char *document_text(const struct document *document, const char *path);
bool document_number(
	const struct document *document, const char *path, uint64_t *number);
bool document_flag(const struct document *document, const char *path, bool *is_true);

/* There is such a member, whatever it is. */
bool document_has(const struct document *document, const char *path);

/*
 * "2026-01-31T12:00:00.000001+0000" in microseconds since 1970: always UTC, as our writer
 * has it; 0: another form, or none.
 */
uint64_t document_time(const struct document *document, const char *path);

/* "2026-01-31T12:00:00" in seconds since 1970, UTC; 0: another form, or none. */
int64_t document_date(const struct document *document, const char *path);

/* Items of a list; 0 when it is none. An item that is no text is NULL. */
size_t document_count(const struct document *document, const char *path);
const char *document_item(
	const struct document *document, const char *path, size_t index);

/* Every number below a path, with its path behind that: "tcp.gaps". */
void document_visit_numbers(const struct document *document, const char *path,
	void (*visit)(void *context, const char *path, const char *number),
	void *context);

/* The name of every member of the object at a path. */
void document_visit_members(const struct document *document, const char *path,
	void (*visit)(void *context, const char *name), void *context);

/* Set a member, and make the objects on its path. NULL and "" set nothing. */
void document_set_text(struct document *document, const char *path, const char *text);
void document_set_number(struct document *document, const char *path, uint64_t number);
void document_set_flag(struct document *document, const char *path, bool is_true);

/* Take a member away, if there is one, and the objects on its path that are empty then. */
void document_remove(struct document *document, const char *path);

/* One more text at the end of a list. NULL, "" and what it has add nothing. */
void document_add_text(struct document *document, const char *path, const char *text);

/* Take over a member of another document as it is; nothing where it has none. */
void document_copy(struct document *document, const char *path,
	const struct document *from, const char *from_path);

/*
 * Of the members at these paths (NULL ends them) take over those with which it does not get
 * longer than size bytes; what stands first matters most.
 */
void document_copy_within(struct document *document, const struct document *from,
	const char *const *paths, size_t size);

/*
 * Write it into room of size bytes, without a NUL. Returns its length; more than
 * size: it did not fit and nothing can be used. 0: no memory.
 */
size_t document_write(const struct document *document, char *text, size_t size);
