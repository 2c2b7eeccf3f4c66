#include "base/replaced_file.h"
#include "observed/observed_file.h"
#include "observed/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	FILE *out;
	uint64_t checksum; /* FNV-1a, of all so far */
};

static void put(struct writer *writer, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	for (size_t i = 0; i < len; i++) {
		writer->checksum = (writer->checksum ^ at[i]) * 0x100000001b3;
	}
	(void)fwrite(bytes, 1, len, writer->out);
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

bool observed_file_write(FILE *out, const struct observed *observed)
{
	struct writer writer = {.out = out, .checksum = 0xcbf29ce484222325};
	const struct observed_list list = observed_sorted(observed);
	if (!list.entries) {
		return false;
	}
	put(&writer, OBSERVED_FILE_FIRST_LINE, strlen(OBSERVED_FILE_FIRST_LINE));
	put_totals(&writer, &observed->totals);
	for (size_t i = 0; i < list.count; i++) {
		put_entry(&writer, observed, list.entries[i]);
	}
	put_number(&writer, writer.checksum, 8);
	free(list.entries);
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

bool observed_file_save_at(const struct observed *observed, int directory,
	const char *name, struct reason *why)
{
	return replaced_file_save_at(directory, name, write_whole, observed, why);
}
