#include "base/replaced_file.h"
#include "observed/observed_file.h"
#include "observed/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FNV_BASIS     UINT64_C(0xcbf29ce484222325) /* of nothing yet */
#define RUN_ENTRIES   4096
#define PIECE_ENTRIES 1024

struct writer {
	FILE *out;
	uint64_t checksum; /* FNV-1a, of all so far */
};

/* Entries in order. */
struct run {
	const struct observed_entry **at;
	const struct observed_entry **end;
};

/* First runs are sorted one by one, then they are written as one. */
struct observed_writing {
	struct writer writer;
	const struct observed *observed;
	const struct observed_entry **entries;
	uint32_t count;
	uint32_t taken; /* into runs, of the table */
	uint32_t run_count;
	/* once written from: a heap, the first one's next is first */
	struct run runs[];
};

static void put(struct writer *writer, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	for (size_t i = 0; i < len; i++) {
		writer->checksum = (writer->checksum ^ at[i]) * 0x100000001b3;
	}
	(void)fwrite_unlocked(bytes, 1, len, writer->out);
}

static void put_number(struct writer *writer, uint64_t number, unsigned bytes)
{
	uint8_t little[8];
	for (unsigned i = 0; i < bytes; i++) {
		little[i] = (uint8_t)(number >> 8 * i);
	}
	put(writer, little, bytes);
}

static void put_text(struct writer *writer, const char *text)
{
	put_number(writer, strlen(text), 1); /* TEXTS_BYTES at most */
	put(writer, text, strlen(text));
}

static void put_way(struct writer *writer, const struct way *way)
{
	put_number(writer, way->tag != 0, 1);
	if (way->tag == 0) {
		return;
	}
	put_number(writer, way->depth, 1);
	put_number(writer, way->tunnel.kind, 1);
	put_number(writer, way->tunnel.id, 4);
	put(writer, way->tunnel.src.bytes, sizeof(way->tunnel.src.bytes));
	put(writer, way->tunnel.dst.bytes, sizeof(way->tunnel.dst.bytes));
}

static void put_peers(struct writer *writer, const struct peers *peers)
{
	put_number(writer, peers != NULL, 1);
	if (!peers) {
		return;
	}
	put(writer, peers->registers, sizeof(peers->registers));
	struct peers_largest sorted[PEERS_LARGEST];
	peers_sort(peers, sorted);
	for (size_t i = 0; i < PEERS_LARGEST; i++) {
		put(writer, sorted[i].address.bytes, 16);
		put_number(writer, sorted[i].flows, 4);
	}
}

static void put_key(struct writer *writer, const struct observed_key *key)
{
	put(writer, key->client.bytes, sizeof(key->client.bytes));
	put(writer, key->server.bytes, sizeof(key->server.bytes));
	put_number(writer, key->port, 2);
	put_number(writer, key->protocol, 1);
	put_number(writer, key->tls, 1);
}

/* In the order of observed_read.c's read_entry. */
static void put_entry(struct writer *writer, const struct observed *observed,
	const struct observed_entry *entry)
{
	put_key(writer, &entry->key);
	put_way(writer, observed_way(observed, entry->key.way));
	put_text(writer, observed_row(observed, entry->last_row));
	put_text(writer, observed_text(observed, entry->name));
	put_number(writer, entry->flows, 4);
	put_number(writer, entry->messages, 4);
	put_number(writer, entry->refusals, 4);
	put_number(writer, entry->deferrals, 4);
	put_number(writer, entry->bytes[0], 8);
	put_number(writer, entry->bytes[1], 8);
	put_number(writer, entry->last_us, 8);
	put_number(writer, entry->last_flow_id, 8);
	put_number(writer, entry->findings, 8);
	put_number(writer, entry->accepted, 8);
	put_number(writer, entry->first_s, 4);
	put_number(writer, entry->mechanisms, 2);
	put_number(writer, entry->clear_mechanisms, 2);
	put_number(writer, entry->shown_by_any, 2);
	put_number(writer, entry->shown_by_all, 2);
	put_number(writer, entry->versions, 1);
	put_number(writer, entry->offered, 1);
	put_number(writer, entry->verdicts, 1);
	put_number(writer, entry->last_verdict, 1);
	put_number(writer, entry->name_kind, 1);
	put_number(writer, entry->confidence, 1);
	put_number(writer, entry->rpc_protection, 1);
	put_number(writer, entry->flags, 1);
	put(writer, entry->days, sizeof(entry->days));
	for (size_t i = 0; i < OBSERVED_SAMPLE; i++) {
		put_number(writer, entry->sample[i], 4);
	}
	put_peers(writer, table_peers(observed, entry));
}

static void put_totals(struct writer *writer, const struct observed_totals *totals)
{
	put_number(writer, totals->flows, 8);
	put_number(writer, totals->given_up_entries, 8);
	put_number(writer, totals->given_up_flows, 8);
	put_number(writer, totals->first_us, 8);
	put_number(writer, totals->last_us, 8);
	put_number(writer, totals->entries, 4);
}

struct observed_writing *observed_writing_new(
	FILE *out, const struct observed *observed)
{
	const uint32_t count = observed->totals.entries;
	const size_t runs = count / RUN_ENTRIES + 1;
	struct observed_writing *writing =
		calloc(1, sizeof(*writing) + runs * sizeof(struct run));
	const struct observed_entry **entries =
		calloc(count + 1, sizeof(const struct observed_entry *));
	if (!writing || !entries) {
		free(writing);
		free(entries);
		return NULL;
	}
	writing->writer = (struct writer){.out = out, .checksum = FNV_BASIS};
	writing->observed = observed;
	writing->entries = entries;
	writing->count = count;
	return writing;
}

void observed_writing_free(struct observed_writing *writing)
{
	if (writing) {
		free(writing->entries);
		free(writing);
	}
}

static bool is_before(const struct observed_writing *writing, const struct run *a,
	const struct run *b)
{
	return table_compare(a->at, b->at, (void *)writing->observed) < 0;
}

/* The place may hold a later run than those below it have. */
static void sink(struct observed_writing *writing, uint32_t place)
{
	struct run *runs = writing->runs;
	for (uint32_t below = 2 * place + 1; below < writing->run_count;
		below = 2 * place + 1) { /* log2 of the runs */
		if (below + 1 < writing->run_count &&
			is_before(writing, &runs[below + 1], &runs[below])) {
			below++;
		}
		if (!is_before(writing, &runs[below], &runs[place])) {
			break;
		}
		const struct run later = runs[place];
		runs[place] = runs[below];
		runs[below] = later;
		place = below;
	}
}

static void sort_run(struct observed_writing *writing)
{
	struct run *run = &writing->runs[writing->run_count++];
	run->at = &writing->entries[writing->taken];
	run->end = run->at;
	while (run->end < run->at + RUN_ENTRIES && writing->taken < writing->count) {
		*run->end++ = table_next(writing->observed, &writing->taken);
	}
	qsort_r(run->at, (size_t)(run->end - run->at), sizeof(struct observed_entry *),
		table_compare, (void *)writing->observed);
}

static void begin_file(struct observed_writing *writing)
{
	for (uint32_t place = writing->run_count / 2; place-- > 0;) {
		sink(writing, place);
	}
	put(&writing->writer, OBSERVED_FILE_FIRST_LINE,
		strlen(OBSERVED_FILE_FIRST_LINE));
	put_totals(&writing->writer, &writing->observed->totals);
}

static void write_piece(struct observed_writing *writing)
{
	struct run *first = &writing->runs[0];
	for (unsigned i = 0; i < PIECE_ENTRIES && writing->run_count > 0; i++) {
		put_entry(&writing->writer, writing->observed, *first->at++);
		if (first->at == first->end) {
			*first = writing->runs[--writing->run_count];
		}
		sink(writing, 0);
	}
}

bool observed_writing_step(struct observed_writing *writing)
{
	if (writing->taken < writing->count) {
		sort_run(writing);
		return true;
	}
	if (writing->writer.checksum == FNV_BASIS) {
		begin_file(writing);
	}
	write_piece(writing);
	if (writing->run_count > 0) {
		return true;
	}
	put_number(&writing->writer, writing->writer.checksum, 8);
	return false;
}

bool observed_file_write(FILE *out, const struct observed *observed)
{
	struct observed_writing *writing = observed_writing_new(out, observed);
	if (!writing) {
		return false;
	}
	while (observed_writing_step(writing)) { /* a piece each */
	}
	observed_writing_free(writing);
	return true;
}

static bool write_whole(FILE *out, const void *what)
{
	errno = ENOMEM;
	return observed_file_write(out, (const struct observed *)what);
}

bool observed_file_save(
	const struct observed *observed, const char *path, struct reason *why)
{
	return replaced_file_save(path, write_whole, observed, why);
}
