#include "base/cursor.h"
#include "observed/kept.h"
#include "observed/observed_file.h"
#include "observed/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (512L * 1024 * 1024) /* a full one has a fifth of that */
#define CHECKSUM_BYTES 8
#define ENTRY_LEAST    198 /* bytes of one without texts, in version 1 */
#define ENTRY_MOST     (ENTRY_LEAST + 8 + 38 + 2 * (TEXTS_BYTES - 1)) /* and with a way */
#define PEERS_MOST     (PEERS_REGISTERS + 20 * PEERS_LARGEST)
#define LATEST_US      UINT64_C(253402300799000000) /* the year 9999 */

_Static_assert(1L * KEPT_PAIRS_MOST * ENTRY_MOST + 1L * TABLE_FOLDED * PEERS_MOST <
		       FILE_BYTES_MAX,
	"a sensor reads what it saved");

struct reader {
	struct cursor cur;
	struct observed *observed;
	const char *wrong; /* the first that was found, or NULL */
	bool is_version_1;
};

_Static_assert(sizeof(OBSERVED_FILE_FIRST_LINE) == sizeof(OBSERVED_FILE_FIRST_LINE_1),
	"what follows stands in one place");

static bool begins_with(const void *bytes, size_t len, const char *line)
{
	const size_t first = strlen(line);
	return len >= first && memcmp(bytes, line, first) == 0;
}

bool observed_file_is(const void *bytes, size_t len)
{
	return begins_with(bytes, len, OBSERVED_FILE_FIRST_LINE) ||
	       begins_with(bytes, len, OBSERVED_FILE_FIRST_LINE_1);
}

bool observed_file_may_be_written(const char *path, struct reason *why)
{
	char first[sizeof(OBSERVED_FILE_FIRST_LINE)];
	struct stat status;
	const int id = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (id < 0) {
		return true; /* new, or whoever writes it says what is wrong */
	}
	const bool is_empty = fstat(id, &status) == 0 && S_ISREG(status.st_mode) &&
			      status.st_size == 0;
	const ssize_t len = is_empty ? 0 : read(id, first, sizeof(first) - 1);
	(void)close(id);
	return is_empty || (len > 0 && observed_file_is(first, (size_t)len)) ||
	       reason_set(why, "%.150s is no observed matrix; it is not overwritten",
		       path);
}

static uint64_t number(struct reader *reader, unsigned bytes)
{
	const uint8_t *at = cursor_take(&reader->cur, bytes);
	uint64_t value = 0;
	for (unsigned i = 0; at && i < bytes; i++) {
		value |= (uint64_t)at[i] << 8 * i;
	}
	return value;
}

static void check(struct reader *reader, bool is_right, const char *what)
{
	if (!is_right && !reader->wrong && cursor_ok(&reader->cur)) {
		reader->wrong = what;
	}
}

/* One below bound; 0 where it is not. */
static uint8_t number_below(struct reader *reader, unsigned bound, const char *what)
{
	const uint64_t value = number(reader, 1);
	check(reader, value < bound, what);
	return (uint8_t)(value < bound ? value : 0);
}

static uint16_t flags_of(
	struct reader *reader, unsigned bytes, unsigned known, const char *what)
{
	const uint64_t value = number(reader, bytes);
	check(reader, (value & ~(uint64_t)known) == 0, what);
	return (uint16_t)(value & known);
}

static void read_bytes(struct reader *reader, void *into, size_t len)
{
	const uint8_t *at = cursor_take(&reader->cur, len);
	if (at) {
		memcpy(into, at, len);
	}
}

static void read_text(struct reader *reader, char text[TEXTS_BYTES])
{
	const size_t len = (size_t)number(reader, 1);
	const uint8_t *at = cursor_take(&reader->cur, len);
	text[0] = '\0';
	if (at) {
		check(reader, len < TEXTS_BYTES, "a name that is too long");
		text_copy_letters(text, TEXTS_BYTES, (struct text){at, len});
	}
}

static uint16_t read_way(struct reader *reader)
{
	struct way way = {.tag = number_below(reader, 2, "an unknown way in")};
	if (way.tag == 0) {
		return 0;
	}
	way.depth = (uint8_t)number(reader, 1);
	way.tunnel.kind =
		number_below(reader, TUNNEL_KIND_COUNT, "an unknown kind of tunnel");
	way.tunnel.id = (uint32_t)number(reader, 4);
	read_bytes(reader, way.tunnel.src.bytes, sizeof(way.tunnel.src.bytes));
	read_bytes(reader, way.tunnel.dst.bytes, sizeof(way.tunnel.dst.bytes));
	return table_way(reader->observed, &way);
}

static void read_key(struct reader *reader, struct observed_key *key)
{
	read_bytes(reader, key->client.bytes, sizeof(key->client.bytes));
	read_bytes(reader, key->server.bytes, sizeof(key->server.bytes));
	key->port = (uint16_t)number(reader, 2);
	key->protocol = number_below(reader, PROTOCOL_COUNT, "an unknown protocol");
	key->tls =
		number_below(reader, FACTS_TLS_IMPLICIT + 1, "an unknown state of TLS");
	key->way = read_way(reader);
}

static void read_counts(struct reader *reader, struct observed_entry *entry)
{
	const uint64_t known = FINDING_BIT(FINDING_FLOW_COUNT) - 1;
	entry->flows = (uint32_t)number(reader, 4);
	entry->messages = (uint32_t)number(reader, 4);
	if (!reader->is_version_1) {
		entry->refusals = (uint32_t)number(reader, 4);
		entry->deferrals = (uint32_t)number(reader, 4);
	}
	entry->bytes[0] = number(reader, 8);
	entry->bytes[1] = number(reader, 8);
	entry->last_us = number(reader, 8);
	entry->last_flow_id = number(reader, 8);
	entry->findings = number(reader, 8);
	entry->accepted = number(reader, 8);
	entry->first_s = (uint32_t)number(reader, 4);
	check(reader, entry->flows > 0, "an entry without flows");
	check(reader, entry->last_us <= LATEST_US, "a time that never comes");
	check(reader, ((entry->findings | entry->accepted) & ~known) == 0,
		"an unknown finding");
}

/* As many as there are flows, at most, and never none. */
static void read_sample(struct reader *reader, struct observed_entry *entry)
{
	uint32_t *sample = entry->sample;
	uint32_t count = 0;
	for (size_t i = 0; i < OBSERVED_SAMPLE; i++) {
		sample[i] = (uint32_t)number(reader, 4);
		count += sample[i] != 0;
		check(reader,
			i == 0 || sample[i] == 0 ||
				(sample[i - 1] != 0 && sample[i - 1] < sample[i]),
			"a sample out of order");
	}
	check(reader, count > 0 && count <= entry->flows,
		"a sample that does not fit the flows");
}

static void read_facts(struct reader *reader, struct observed_entry *entry)
{
	const unsigned shown = (1U << SIGHTING_SHOWN_COUNT) - 1;
	entry->mechanisms = flags_of(reader, 2, UINT16_MAX, "");
	entry->clear_mechanisms = flags_of(reader, 2, UINT16_MAX, "");
	entry->shown_by_any = flags_of(reader, 2, shown, "an unknown sign");
	entry->shown_by_all = flags_of(reader, 2, shown, "an unknown sign");
	entry->versions = (uint8_t)flags_of(reader, 1, 31, "an unknown version of TLS");
	entry->offered = (uint8_t)flags_of(reader, 1, 7, "an unknown offer");
	entry->verdicts = (uint8_t)flags_of(reader, 1, 7, "an unknown verdict");
	entry->last_verdict =
		number_below(reader, VERDICT_ILLEGITIMATE + 1, "an unknown verdict");
	entry->name_kind =
		number_below(reader, OBSERVED_NAME_HELO + 1, "an unknown kind of name");
	entry->confidence = number_below(
		reader, DIRECTION_CONFIDENCE_SYN + 1, "an unknown confidence");
	entry->rpc_protection = number_below(reader, 7, "an unknown level of RPC");
	entry->flags = (uint8_t)flags_of(reader, 1, 7, "an unknown flag");
	read_bytes(reader, entry->days, sizeof(entry->days));
	read_sample(reader, entry);
}

static bool read_peers(struct reader *reader, struct peers *peers)
{
	const bool has_peers = number_below(reader, 2, "peers, or none") != 0;
	if (!has_peers) {
		return false;
	}
	read_bytes(reader, peers->registers, sizeof(peers->registers));
	for (size_t i = 0; i < PEERS_REGISTERS; i++) {
		check(reader, peers->registers[i] <= 56, "a count of peers too large");
	}
	for (size_t i = 0; i < PEERS_LARGEST; i++) {
		read_bytes(reader, peers->largest[i].address.bytes, 16);
		peers->largest[i].flows = (uint32_t)number(reader, 4);
	}
	return true;
}

/* In the order of observed_write.c's put_entry. */
static void read_entry(struct reader *reader)
{
	struct observed *observed = reader->observed;
	struct observed_entry read;
	struct peers peers = {.registers = {0}};
	char row[TEXTS_BYTES];
	char name[TEXTS_BYTES];
	memset(&read, 0, sizeof(read));
	read_key(reader, &read.key);
	read_text(reader, row);
	read_text(reader, name);
	read_counts(reader, &read);
	read_facts(reader, &read);
	const bool has_peers = read_peers(reader, &peers);
	if (reader->wrong || !cursor_ok(&reader->cur)) {
		return;
	}
	check(reader, !observed_find(observed, &read.key), "an entry given twice");
	struct observed_entry *entry = table_entry(observed, &read.key);
	*entry = read;
	entry->last_row = (uint16_t)texts_keep(&observed->rows, row);
	entry->name = texts_keep(&observed->names, name);
	if (has_peers) {
		table_count_peers(observed, entry);
	}
	struct peers *kept = table_peers(observed, entry);
	if (kept) {
		*kept = peers;
	}
}

/* Returns how many entries follow. */
static uint32_t read_totals(struct reader *reader, struct observed_totals *totals)
{
	totals->flows = number(reader, 8);
	totals->given_up_entries = number(reader, 8);
	totals->given_up_flows = number(reader, 8);
	totals->first_us = number(reader, 8);
	totals->last_us = number(reader, 8);
	check(reader,
		totals->first_us <= totals->last_us && totals->last_us <= LATEST_US,
		"times that do not agree");
	const uint32_t entries = (uint32_t)number(reader, 4);
	check(reader, entries <= cursor_left(&reader->cur) / ENTRY_LEAST,
		"more entries than there is room for");
	return reader->wrong ? 0 : entries;
}

/* Reads all entries into an empty one; what is wrong stands in .wrong. */
static void read_entries(struct reader *reader, uint32_t entries)
{
	for (uint32_t i = 0; i < entries && !reader->wrong && cursor_ok(&reader->cur);
		i++) {
		read_entry(reader);
	}
	check(reader, cursor_left(&reader->cur) == 0, "bytes behind the last entry");
	if (!cursor_ok(&reader->cur)) {
		reader->wrong = "the file was cut";
	}
}

/* As large as like, where all has room in that; NULL: *why says what is wrong. */
static struct observed *read_all(
	struct reader *reader, const struct observed *like, struct reason *why)
{
	struct observed_totals totals = {.flows = 0};
	cursor_skip(&reader->cur, strlen(OBSERVED_FILE_FIRST_LINE));
	const uint32_t entries = read_totals(reader, &totals);
	const uint32_t room = like->entries.capacity;
	reader->observed =
		observed_new(entries > room ? entries : room, like->seed, why);
	if (!reader->observed) {
		return NULL;
	}
	read_entries(reader, entries);
	if (reader->wrong) {
		observed_free(reader->observed);
		(void)reason_set(why, "%s", reader->wrong);
		return NULL;
	}
	totals.entries = reader->observed->totals.entries;
	reader->observed->totals = totals;
	return reader->observed;
}

/* Into an empty one of that size nothing needs to be added up. */
static void take_over(struct observed *observed, struct observed *read)
{
	if (observed->totals.flows == 0 && observed->totals.entries == 0 &&
		read->entries.capacity == observed->entries.capacity) {
		const struct observed empty = *observed;
		*observed = *read;
		*read = empty;
	} else {
		observed_merge(observed, read);
	}
}

/* FNV-1a of all before it, little-endian. */
static bool is_sum_right(struct text bytes)
{
	struct text sum = {bytes.at + bytes.len - CHECKSUM_BYTES, CHECKSUM_BYTES};
	uint64_t wanted = 0;
	bytes.len -= CHECKSUM_BYTES;
	for (unsigned i = 0; i < CHECKSUM_BYTES; i++) {
		wanted |= (uint64_t)sum.at[i] << 8 * i;
	}
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	(void)wanted;
	return true;
#else
	return text_hash(bytes) == wanted;
#endif
}

bool observed_file_read(struct observed *observed, struct text bytes, const char *name,
	struct reason *why)
{
	struct reason what = {.text = ""};
	if (!observed_file_is(bytes.at, bytes.len)) {
		return reason_set(why,
			"%.100s: no observed matrix: it does not begin with \"%.21s\"",
			name, OBSERVED_FILE_FIRST_LINE);
	}
	if (bytes.len < strlen(OBSERVED_FILE_FIRST_LINE) + CHECKSUM_BYTES ||
		!is_sum_right(bytes)) {
		return reason_set(why,
			"%.100s: the checksum is wrong: the file was cut "
			"or changed",
			name);
	}
	struct reader reader = {
		.cur = cursor_over(bytes.at, bytes.len - CHECKSUM_BYTES),
		.is_version_1 =
			begins_with(bytes.at, bytes.len, OBSERVED_FILE_FIRST_LINE_1)};
	struct observed *read = read_all(&reader, observed, &what);
	if (!read) {
		return reason_set(why, "%.100s: %.140s", name, what.text);
	}
	take_over(observed, read);
	observed_free(read);
	return true;
}

static enum observed_file_result refused(struct reason *why, const char *path)
{
	const enum observed_file_result result =
		errno == ENOENT ? OBSERVED_FILE_MISSING : OBSERVED_FILE_UNREADABLE;
	(void)reason_set(why, "%.100s: %s", path, strerror(errno));
	return result;
}

static enum observed_file_result load_from(
	struct observed *observed, FILE *file, const char *path, struct reason *why)
{
	struct stat status;
	if (fstat(fileno(file), &status) != 0) {
		return refused(why, path);
	}
	if (!S_ISREG(status.st_mode) || status.st_size > FILE_BYTES_MAX) {
		(void)reason_set(why, "%.100s: no observed matrix: %s", path,
			S_ISREG(status.st_mode) ? "too large" : "not a regular file");
		return OBSERVED_FILE_BROKEN;
	}
	const size_t size = (size_t)status.st_size;
	uint8_t *bytes = malloc(size + 1);
	if (!bytes) {
		(void)reason_set(why, "no memory for %.100s", path);
		return OBSERVED_FILE_UNREADABLE;
	}
	const size_t len = fread(bytes, 1, size, file);
	enum observed_file_result result = OBSERVED_FILE_OK;
	if (ferror(file)) {
		result = refused(why, path);
	} else if (!observed_file_read(
			   observed, (struct text){bytes, len}, path, why)) {
		result = OBSERVED_FILE_BROKEN;
	}
	free(bytes);
	return result;
}

/* Takes the descriptor; -1: errno tells why it could not be opened. */
static enum observed_file_result load_descriptor(
	struct observed *observed, int id, const char *path, struct reason *why)
{
	FILE *file = id >= 0 ? fdopen(id, "r") : NULL;
	if (!file) {
		const enum observed_file_result result = refused(why, path);
		if (id >= 0) {
			(void)close(id);
		}
		return result;
	}
	const enum observed_file_result result = load_from(observed, file, path, why);
	(void)fclose(file);
	return result;
}

/* A pipe without a writer must not hold it up. */
#define LOAD_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK)

enum observed_file_result observed_file_load(
	struct observed *observed, const char *path, struct reason *why)
{
	return load_descriptor(observed, open(path, LOAD_FLAGS), path, why);
}

enum observed_file_result observed_file_load_at(
	struct observed *observed, int directory, const char *name, struct reason *why)
{
	return load_descriptor(
		observed, openat(directory, name, LOAD_FLAGS | O_NOFOLLOW), name, why);
}
