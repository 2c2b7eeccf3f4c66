#include "report/servers_file.h"

#include "base/replaced_file.h"
#include "report/servers_fields.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_LINE     "mailwarden-servers 1"
#define LINE_BYTES_MAX 2048
#define FILE_BYTES_MAX (64L * 1024 * 1024) /* a full ledger has half of that */

struct reader {
	struct ledger *ledger;
	struct ledger_server server; /* being read; .port 0: none yet */
	size_t certificates;
	uint64_t servers;
	uint64_t given_up;
	bool is_ended;
};

static bool is_span(uint64_t first_us, uint64_t last_us)
{
	return first_us <= last_us && (first_us == 0) == (last_us == 0);
}

static bool check_server(const struct ledger_server *server, struct reason *why)
{
	const struct ledger_absence *absence = &server->absence;
	if (server->flows == 0) {
		return reason_set(why, "a server without flows");
	}
	if (!is_span(server->first_us, server->last_us) ||
		!is_span(server->offered_first_us, server->offered_last_us) ||
		!is_span(absence->first_us, absence->last_us)) {
		return reason_set(why, "a last time before the first");
	}
	if ((server->offered == 0) != (server->offered_first_us == 0)) {
		return reason_set(why, "offered and its times do not agree");
	}
	if ((absence->flows == 0) != (absence->first_us == 0) ||
		(absence->flows == 0) != (absence->client_count == 0) ||
		absence->client_count > absence->flows) {
		return reason_set(why, "absent, its times and clients do not agree");
	}
	return true;
}

static void put_server(struct reader *reader)
{
	if (reader->server.port != 0) {
		ledger_put(reader->ledger, &reader->server);
	}
}

static bool read_server(struct reader *reader, struct text rest, struct reason *why)
{
	put_server(reader);
	struct ledger_server *server = &reader->server;
	*server = (struct ledger_server){.port = 0};
	reader->certificates = 0;
	reader->servers++;
	if (!servers_fields_read(&SERVERS_LINE_SERVER, rest, server, why) ||
		!check_server(server, why)) {
		return false;
	}
	return !ledger_find(reader->ledger, &server->address, server->port) ||
	       reason_set(why, "this server is there already");
}

static bool read_certificate(
	struct reader *reader, struct text rest, struct reason *why)
{
	if (reader->server.port == 0) {
		return reason_set(why, "a certificate before any server");
	}
	if (reader->certificates == LEDGER_CERTIFICATES) {
		return reason_set(why, "more than %d certificates of one server",
			LEDGER_CERTIFICATES);
	}
	struct ledger_certificate *certificate =
		&reader->server.certificates[reader->certificates++];
	if (!servers_fields_read(&SERVERS_LINE_CERTIFICATE, rest, certificate, why)) {
		return false;
	}
	return (certificate->flows > 0 &&
		       is_span(certificate->first_us, certificate->last_us)) ||
	       reason_set(why, "flows and times of the certificate do not agree");
}

static bool read_given_up(struct reader *reader, struct text rest, struct reason *why)
{
	if (reader->given_up != 0) {
		return reason_set(why, "given-up is given twice");
	}
	return (text_number(text_trim(rest), UINT32_MAX, &reader->given_up) &&
		       reader->given_up != 0) ||
	       reason_set(why, "given-up wants a number, 1 to 4294967295");
}

static bool read_end(struct reader *reader, struct text rest, struct reason *why)
{
	uint64_t count = 0;
	put_server(reader);
	ledger_add_given_up_before(reader->ledger, reader->given_up);
	reader->is_ended = true;
	if (!text_number(text_trim(rest), UINT32_MAX, &count) ||
		count != reader->servers) {
		return reason_set(
			why, "the last line does not count the servers before it");
	}
	return true;
}

static bool read_line(struct reader *reader, struct text line, struct reason *why)
{
	if (reader->is_ended) {
		return reason_set(why, "a line behind the last one");
	}
	if (line.len > LINE_BYTES_MAX) {
		return reason_set(why, "a line of %zu bytes", line.len);
	}
	struct text rest = line;
	const struct text word = text_word(&rest);
	if (text_is(word, "server")) {
		return read_server(reader, rest, why);
	}
	if (text_is(word, "certificate")) {
		return read_certificate(reader, rest, why);
	}
	if (text_is(word, "given-up")) {
		return read_given_up(reader, rest, why);
	}
	if (text_is(word, "end")) {
		return read_end(reader, rest, why);
	}
	return word.len == 0 || word.at[0] == '#' ||
	       reason_set(why, "a line is server, certificate, given-up or end");
}

/* Cut the next line off the front of *rest. */
static struct text next_line(struct text *rest)
{
	const uint8_t *end = memchr(rest->at, '\n', rest->len);
	const size_t len = end ? (size_t)(end - rest->at) : rest->len;
	const struct text line = {rest->at, len};
	const size_t taken = len + (end ? 1 : 0);
	rest->at += taken;
	rest->len -= taken;
	return line;
}

static bool locate(struct reason *why, const char *name, unsigned line)
{
	const struct reason what = *why;
	return reason_set(why, "%.100s:%u: %.140s", name, line, what.text);
}

bool servers_read(
	struct ledger *ledger, struct text bytes, const char *name, struct reason *why)
{
	struct reader reader = {.ledger = ledger};
	unsigned line = 1;
	struct text rest = bytes;
	const struct text first = rest.len > 0 ? next_line(&rest) : rest;
	if (first.len != strlen(FIRST_LINE) ||
		memcmp(first.at, FIRST_LINE, first.len) != 0) {
		return reason_set(why,
			"%.100s:1: no servers file: the first line is not \"%s\"", name,
			FIRST_LINE);
	}
	while (rest.len > 0) {
		line++;
		if (!read_line(&reader, next_line(&rest), why)) {
			return locate(why, name, line);
		}
	}
	return reader.is_ended ||
	       reason_set(why, "%.100s:%u: the file was cut: its last line is missing",
		       name, line);
}

static enum servers_result refused(struct reason *why, const char *path)
{
	const enum servers_result result =
		errno == ENOENT ? SERVERS_MISSING : SERVERS_UNREADABLE;
	(void)reason_set(why, "%.100s: %s", path, strerror(errno));
	return result;
}

static enum servers_result load_from(
	struct ledger *ledger, FILE *file, const char *path, struct reason *why)
{
	struct stat status;
	if (fstat(fileno(file), &status) != 0) {
		return refused(why, path);
	}
	if (!S_ISREG(status.st_mode) || status.st_size > FILE_BYTES_MAX) {
		(void)reason_set(why, "%.100s:1: no servers file: %s", path,
			S_ISREG(status.st_mode) ? "too large" : "not a regular file");
		return SERVERS_BROKEN;
	}
	const size_t size = (size_t)status.st_size;
	uint8_t *bytes = malloc(size + 1);
	if (!bytes) {
		(void)reason_set(why, "no memory for %.100s", path);
		return SERVERS_UNREADABLE;
	}
	const size_t len = fread(bytes, 1, size, file);
	enum servers_result result = SERVERS_OK;
	if (ferror(file)) {
		result = refused(why, path);
	} else if (!servers_read(ledger, (struct text){bytes, len}, path, why)) {
		result = SERVERS_BROKEN;
	}
	free(bytes);
	return result;
}

/* Takes the descriptor; -1: errno tells why it could not be opened. */
static enum servers_result load_descriptor(
	struct ledger *ledger, int id, const char *path, struct reason *why)
{
	FILE *file = id >= 0 ? fdopen(id, "r") : NULL;
	if (!file) {
		const enum servers_result result = refused(why, path);
		if (id >= 0) {
			(void)close(id);
		}
		return result;
	}
	const enum servers_result result = load_from(ledger, file, path, why);
	(void)fclose(file);
	return result;
}

/* A pipe without a writer must not hold it up. */
#define LOAD_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK)

enum servers_result servers_load(
	struct ledger *ledger, const char *path, struct reason *why)
{
	return load_descriptor(ledger, open(path, LOAD_FLAGS), path, why);
}

enum servers_result servers_load_at(
	struct ledger *ledger, int directory, const char *name, struct reason *why)
{
	return load_descriptor(
		ledger, openat(directory, name, LOAD_FLAGS | O_NOFOLLOW), name, why);
}

static void write_server(void *context, const struct ledger_server *server)
{
	FILE *out = (FILE *)context;
	(void)fputs("server", out);
	servers_fields_write(out, &SERVERS_LINE_SERVER, server);
	(void)fputc('\n', out);
	for (size_t i = 0; i < LEDGER_CERTIFICATES; i++) {
		if (server->certificates[i].flows > 0) {
			(void)fputs("certificate", out);
			servers_fields_write(out, &SERVERS_LINE_CERTIFICATE,
				&server->certificates[i]);
			(void)fputc('\n', out);
		}
	}
}

void servers_write(FILE *out, const struct ledger *ledger)
{
	(void)fputs(FIRST_LINE "\n", out);
	ledger_walk(ledger, write_server, out);
	const uint64_t given_up = ledger_given_up_ever(ledger);
	if (given_up > 0) {
		(void)fprintf(out, "given-up %" PRIu64 "\n",
			given_up < UINT32_MAX ? given_up : UINT32_MAX);
	}
	(void)fprintf(out, "end %zu\n", ledger_count(ledger));
}

static bool write_ledger(FILE *out, const void *what)
{
	servers_write(out, (const struct ledger *)what);
	return true;
}

bool servers_save_at(const struct ledger *ledger, int directory, const char *name,
	struct reason *why)
{
	return replaced_file_save_at(directory, name, write_ledger, ledger, why);
}

bool servers_save(const struct ledger *ledger, const char *path, struct reason *why)
{
	return replaced_file_save(path, write_ledger, ledger, why);
}
