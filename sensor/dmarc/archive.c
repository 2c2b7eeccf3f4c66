#include "dmarc/archive.h"

#include "base/library.h"
#include "dmarc/archive_mail.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

/* Loaded by who reads reports alone: with it come ten others that no sensor needs. */
#define LIBRARY "libarchive.so.13"

/* What is called of the library: "archive_" before each name. */
struct calls {
	__typeof__(&archive_read_new) read_new;
	__typeof__(&archive_read_support_format_zip) read_support_format_zip;
	__typeof__(&archive_read_support_format_raw) read_support_format_raw;
	__typeof__(&archive_read_support_filter_gzip) read_support_filter_gzip;
	__typeof__(&archive_read_open_memory) read_open_memory;
	__typeof__(&archive_read_next_header) read_next_header;
	__typeof__(&archive_read_data) read_data;
	__typeof__(&archive_filter_count) filter_count;
	__typeof__(&archive_read_free) read_free;
};

static const struct library_call CALLS[] = {
	{"archive_read_new", offsetof(struct calls, read_new)},
	{"archive_read_support_format_zip",
		offsetof(struct calls, read_support_format_zip)},
	{"archive_read_support_format_raw",
		offsetof(struct calls, read_support_format_raw)},
	{"archive_read_support_filter_gzip",
		offsetof(struct calls, read_support_filter_gzip)},
	{"archive_read_open_memory", offsetof(struct calls, read_open_memory)},
	{"archive_read_next_header", offsetof(struct calls, read_next_header)},
	{"archive_read_data", offsetof(struct calls, read_data)},
	{"archive_filter_count", offsetof(struct calls, filter_count)},
	{"archive_read_free", offsetof(struct calls, read_free)},
};

struct archive_reader {
	struct calls archive;
	struct reason missing; /* why the library cannot be called, or empty */
	uint8_t *plain;
	uint8_t *part; /* of a mail, decoded */
	/* of the file that is read */
	archive_take *take;
	void *context;
	struct reason *why;
	uint64_t stored_bytes;
	uint64_t plain_bytes; /* of all members so far */
	size_t reports;
	bool is_failed;
};

struct archive_reader *archive_reader_new(void)
{
	struct archive_reader *reader = calloc(1, sizeof(*reader));
	if (!reader) {
		return NULL;
	}
	/* as much of it as a file needs becomes memory */
	reader->plain = malloc(ARCHIVE_PLAIN_MAX);
	reader->part = malloc(ARCHIVE_STORED_MAX);
	if (!reader->plain || !reader->part) {
		archive_reader_free(reader);
		return NULL;
	}
	(void)library_load(LIBRARY, CALLS, sizeof(CALLS) / sizeof(CALLS[0]),
		&reader->archive, &reader->missing);
	return reader;
}

void archive_reader_free(struct archive_reader *reader)
{
	if (reader) {
		free(reader->plain);
		free(reader->part);
		free(reader);
	}
}

static bool fail(struct archive_reader *reader, const char *what)
{
	reader->is_failed = true;
	return reason_set(reader->why, "%s", what);
}

static bool begins(struct text text, const char *magic, size_t len)
{
	return text.len >= len && memcmp(text.at, magic, len) == 0;
}

static uint8_t first_byte(struct text text)
{
	text = text_trim(text);
	return text.len > 0 ? text.at[0] : 0;
}

/* XML, also in UTF-16, or JSON */
static bool is_markup(struct text text)
{
	const uint8_t first = first_byte(text);
	return first == '<' || first == '{' || begins(text, "\xff\xfe", 2) ||
	       begins(text, "\xfe\xff", 2);
}

/* What is neither is left: a picture, a text. */
static void hand_over(struct archive_reader *reader, struct text plain)
{
	if (begins(plain, "\xef\xbb\xbf", 3)) { /* the mark of UTF-8 */
		text_advance(&plain, 3);
	}
	if (is_markup(plain)) {
		reader->reports++;
		reader->take(reader->context,
			first_byte(plain) == '{' ? ARCHIVE_JSON : ARCHIVE_XML, plain);
	}
}

static bool is_bomb(const struct archive_reader *reader, uint64_t bytes)
{
	return bytes > ARCHIVE_PLAIN_MAX ||
	       (bytes > ARCHIVE_FREE_BYTES &&
		       bytes / ARCHIVE_RATIO_MAX > reader->stored_bytes);
}

/* One member into .plain; false: it, or what came before it, is too much or damaged. */
static bool unpack(struct archive_reader *reader, struct archive *archive, size_t *len)
{
	for (*len = 0;;) { /* ARCHIVE_PLAIN_MAX */
		const la_ssize_t got = reader->archive.read_data(
			archive, reader->plain + *len, ARCHIVE_PLAIN_MAX - *len);
		if (got < 0) {
			return fail(reader, "it is damaged, or has a password");
		}
		if (got == 0) {
			/* where there is no room left, an end and a bomb look the same */
			return *len < ARCHIVE_PLAIN_MAX ||
			       fail(reader, "it unpacks to too much");
		}
		*len += (size_t)got;
		if (is_bomb(reader, reader->plain_bytes + *len)) {
			return fail(reader, "it unpacks to too much");
		}
	}
}

static void read_members(struct archive_reader *reader, struct archive *archive)
{
	struct archive_entry *entry;
	int code = reader->archive.read_next_header(archive, &entry);
	for (unsigned i = 0; code == ARCHIVE_OK || code == ARCHIVE_WARN; i++) {
		size_t len;
		if (i == ARCHIVE_MEMBERS_MAX) {
			(void)fail(reader, "it has too many members");
			return;
		}
		if (reader->archive.filter_count(archive) > 2) { /* gzip, and none */
			(void)fail(reader, "it is packed several times");
			return;
		}
		if (!unpack(reader, archive, &len)) {
			return;
		}
		reader->plain_bytes += len;
		hand_over(reader, (struct text){reader->plain, len});
		code = reader->archive.read_next_header(archive, &entry);
	}
	if (code != ARCHIVE_EOF) {
		(void)fail(reader, "it is damaged");
	}
}

/* Only with what it says it is: no other format is tried on a stranger's bytes. */
static void read_packed(struct archive_reader *reader, struct text packed, bool is_zip)
{
	if (reader->missing.text[0] != '\0') {
		(void)fail(reader, reader->missing.text);
		return;
	}
	struct archive *archive = reader->archive.read_new();
	if (!archive) {
		(void)fail(reader, "no memory");
		return;
	}
	const bool is_open =
		(is_zip ? reader->archive.read_support_format_zip(archive) == ARCHIVE_OK
			: reader->archive.read_support_filter_gzip(archive) ==
						ARCHIVE_OK &&
					reader->archive.read_support_format_raw(
						archive) == ARCHIVE_OK) &&
		reader->archive.read_open_memory(archive, packed.at, packed.len) ==
			ARCHIVE_OK;
	if (is_open) {
		read_members(reader, archive);
	} else {
		(void)fail(reader, "it is damaged");
	}
	(void)reader->archive.read_free(archive);
}

/* True: it was something packed. */
static bool read_stored(struct archive_reader *reader, struct text stored)
{
	const bool is_zip = begins(stored, "PK\x03\x04", 4);
	if (!is_zip && !begins(stored, "\x1f\x8b", 2)) {
		return false;
	}
	read_packed(reader, stored, is_zip);
	return true;
}

static bool on_part(void *context, struct text part)
{
	struct archive_reader *reader = context;
	if (!read_stored(reader, part)) {
		hand_over(reader, part);
	}
	return !reader->is_failed;
}

bool archive_read(struct archive_reader *reader, struct text file, archive_take *take,
	void *context, struct reason *why)
{
	reader->take = take;
	reader->context = context;
	reader->why = why;
	reader->stored_bytes = file.len;
	reader->plain_bytes = 0;
	reader->reports = 0;
	reader->is_failed = false;
	if (file.len > ARCHIVE_STORED_MAX) {
		return fail(reader, "it is too large");
	}
	if (!read_stored(reader, file)) {
		if (is_markup(file) || !archive_is_mail(file)) {
			hand_over(reader, file);
		} else if (!archive_mail_read(file, reader->part, on_part, reader) &&
			   !reader->is_failed) {
			return fail(reader, "it has too many parts");
		}
	}
	return !reader->is_failed &&
	       (reader->reports > 0 || fail(reader, "there is no report in it"));
}
