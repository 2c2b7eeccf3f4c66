#include "capture/shunt.h"

#include "base/clock.h"
#include "capture/shunt_private.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define SWEPT_AT_ONCE 4096
#define NO_SLOT       UINT32_MAX

/* What this process knows of an entry. */
struct shunted {
	void *owner;
	struct shunt_counts taken; /* so far; .last_us: when there was anything new */
	uint64_t waits_since_us;
	uint32_t place; /* in shunt.used */
	bool is_used;
};

struct shunt {
	struct shunt_entry *entries;
	struct shunted *shunted;
	uint32_t *used; /* places in the table */
	uint32_t used_count;
	uint32_t sweep_at;
	int map_fd;
	uint64_t passed_us;
	uint64_t keys[SHUNT_HASH_KEYS];
	struct shunt_totals totals;
};

static size_t table_bytes(void)
{
	return SHUNT_FLOWS * sizeof(struct shunt_entry);
}

uint64_t shunt_bytes(void)
{
	return table_bytes() +
	       SHUNT_FLOWS * (sizeof(struct shunted) + sizeof(uint32_t));
}

/* Linux 5.5: a table that both sides have in memory. */
static bool make_map(struct shunt *shunt, struct reason *why)
{
	union bpf_attr attributes;
	memset(&attributes, 0, sizeof(attributes));
	attributes.map_type = BPF_MAP_TYPE_ARRAY;
	attributes.key_size = sizeof(uint32_t);
	attributes.value_size = sizeof(struct shunt_entry);
	attributes.max_entries = SHUNT_FLOWS;
	attributes.map_flags = BPF_F_MMAPABLE;
	shunt->map_fd = ebpf_system_call(BPF_MAP_CREATE, &attributes);
	if (shunt->map_fd < 0) {
		return reason_set(why, "the kernel makes no table for it: %m");
	}
	void *memory = mmap(NULL, table_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED,
		shunt->map_fd, 0);
	if (memory == MAP_FAILED) {
		return reason_set(why, "its table cannot be mapped: %m");
	}
	shunt->entries = (struct shunt_entry *)memory;
	return true;
}

static bool start(struct shunt *shunt, struct reason *why)
{
	shunt->map_fd = -1;
	shunt->shunted = (struct shunted *)calloc(SHUNT_FLOWS, sizeof(struct shunted));
	shunt->used = (uint32_t *)calloc(SHUNT_FLOWS, sizeof(uint32_t));
	if (!shunt->shunted || !shunt->used) {
		return reason_set(why, "no memory for it");
	}
	if (getrandom(shunt->keys, sizeof(shunt->keys), 0) != sizeof(shunt->keys)) {
		return reason_set(why, "no random numbers for it");
	}
	return make_map(shunt, why);
}

struct shunt *shunt_new(struct reason *why)
{
	struct shunt *shunt = calloc(1, sizeof(*shunt));
	if (!shunt) {
		(void)reason_set(why, "no memory for it");
		return NULL;
	}
	if (!start(shunt, why)) {
		shunt_free(shunt);
		return NULL;
	}
	return shunt;
}

void shunt_free(struct shunt *shunt)
{
	if (!shunt) {
		return;
	}
	if (shunt->entries) {
		(void)munmap(shunt->entries, table_bytes());
	}
	if (shunt->map_fd >= 0) {
		(void)close(shunt->map_fd);
	}
	free(shunt->shunted);
	free(shunt->used);
	free(shunt);
}

int shunt_program(
	struct shunt *shunt, const struct sock_fprog *prefilter, struct reason *why)
{
	struct ebpf *program = calloc(1, sizeof(*program));
	struct bpf_insn *code = calloc(EBPF_INSTRUCTIONS_MAX, sizeof(*code));
	int fd = -1;
	if (!program || !code) {
		(void)reason_set(why, "no memory for it");
	} else {
		program->code = code;
		if (shunt_write_program(
			    program, shunt->map_fd, shunt->keys, prefilter, why)) {
			fd = ebpf_load_filter(program, why);
		}
	}
	free(program);
	free(code);
	return fd;
}

bool shunt_attach(struct shunt *shunt, int fd, const struct sock_fprog *prefilter,
	struct reason *why)
{
	const int program = shunt_program(shunt, prefilter, why);
	if (program < 0) {
		return false;
	}
	const bool is_attached = setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program,
					 sizeof(program)) == 0 ||
				 reason_set(why, "the socket takes no program: %m");
	(void)close(program);
	return is_attached;
}

struct shunt_key shunt_key_of(const struct address address[2], const uint16_t port[2])
{
	struct shunt_key key;
	memcpy(key.words, address, 2 * sizeof(*address));
	for (int i = 0; i < SHUNT_KEY_WORDS - 1; i++) {
		key.words[i] = be64toh(key.words[i]);
	}
	key.words[SHUNT_KEY_WORDS - 1] = (uint32_t)port[0] << 16 | port[1];
	return key;
}

uint32_t shunt_tags(const uint16_t *vlans, unsigned vlan_count)
{
	uint32_t tags = 0;
	for (unsigned i = 0; i < vlan_count; i++) {
		tags = tags << 16 | 0x1000U | (vlans[i] & 0x0fffU);
	}
	return tags;
}

uint32_t shunt_slot(const uint64_t keys[SHUNT_HASH_KEYS], const struct shunt_key *key)
{
	uint64_t sum = keys[0];
	for (int i = 0; i < SHUNT_KEY_WORDS; i++) {
		sum += ((uint32_t)key->words[i] + keys[1 + 2 * i]) *
		       ((key->words[i] >> 32) + keys[2 + 2 * i]);
	}
	return (uint32_t)(sum >> 32) & (SHUNT_FLOWS - 1);
}

static bool is_used(const struct shunt *shunt, uint32_t slot)
{
	return shunt->shunted[slot].is_used;
}

/* Its slot, or NO_SLOT. */
static uint32_t find(const struct shunt *shunt, const struct shunt_key *key)
{
	const uint32_t slot = shunt_slot(shunt->keys, key);
	return is_used(shunt, slot) && memcmp(shunt->entries[slot].key, key->words,
					       sizeof(key->words)) == 0
		       ? slot
		       : NO_SLOT;
}

/* It is not on yet. */
static void begin_to_wait(struct shunt *shunt, uint32_t slot)
{
	shunt->shunted[slot].waits_since_us = clock_realtime_us();
	atomic_store(&shunt->entries[slot].state, SHUNT_STATE_WAITING);
}

/*
 * The kernel writes to no entry that is free; what it counts goes on from entry to entry,
 * so that no packet of one that was just let go is another one's.
 */
static void take_slot(
	struct shunt *shunt, uint32_t slot, const struct shunt_key *key, void *owner)
{
	struct shunt_entry *entry = &shunt->entries[slot];
	struct shunted *shunted = &shunt->shunted[slot];
	memcpy(entry->key, key->words, sizeof(key->words));
	entry->tags[0] = entry->tags[1] = SHUNT_TAGS_UNKNOWN;
	*shunted = (struct shunted){.owner = owner,
		.place = shunt->used_count,
		.is_used = true,
		.taken = {.packets = {entry->packets[0], entry->packets[1]},
			.bytes = {entry->bytes[0], entry->bytes[1]},
			.wire_bytes = entry->wire_bytes,
			.last_us = clock_realtime_us()}};
	shunt->used[shunt->used_count++] = slot;
	begin_to_wait(shunt, slot);
}

static void let_go(struct shunt *shunt, uint32_t slot)
{
	const uint32_t place = shunt->shunted[slot].place;
	atomic_store(&shunt->entries[slot].state, SHUNT_STATE_FREE);
	shunt->shunted[slot].is_used = false;
	const uint32_t moved = shunt->used[--shunt->used_count];
	if (moved != slot) {
		shunt->used[place] = moved;
		shunt->shunted[moved].place = place;
	}
}

void shunt_passed(struct shunt *shunt, uint64_t time_us)
{
	shunt->passed_us = time_us;
}

bool shunt_offer(struct shunt *shunt, const struct shunt_key *key, unsigned side,
	uint32_t tags, void *owner)
{
	const uint32_t slot = shunt_slot(shunt->keys, key);
	struct shunt_entry *entry = &shunt->entries[slot];
	if (!is_used(shunt, slot)) {
		take_slot(shunt, slot, key, owner);
	} else if (memcmp(entry->key, key->words, sizeof(key->words)) != 0) {
		shunt->totals.refused++;
		return false;
	}
	uint32_t waiting = SHUNT_STATE_WAITING;
	const uint64_t since_us = shunt->shunted[slot].waits_since_us;
	entry->tags[side] = tags;
	if (entry->state == SHUNT_STATE_STOPPED || since_us > clock_realtime_us()) {
		begin_to_wait(shunt, slot);
	} else if (shunt->passed_us > since_us) {
		/* unless the kernel has just stopped it */
		(void)atomic_compare_exchange_strong(
			&entry->state, &waiting, SHUNT_STATE_ON);
	}
	return true;
}

static uint64_t since(_Atomic uint64_t *counted, uint64_t *taken)
{
	const uint64_t now = atomic_load(counted);
	const uint64_t more = now - *taken;
	*taken = now;
	return more;
}

/* The clock of the kernel's program is coarse, and not that of frames. */
static uint64_t real_time_us(uint64_t monotonic_ns)
{
	struct timespec now = {0};
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	const uint64_t now_ns =
		(uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
	const uint64_t ago_ns = now_ns > monotonic_ns ? now_ns - monotonic_ns : 0;
	return clock_realtime_us() - ago_ns / 1000;
}

static bool take(struct shunt *shunt, uint32_t slot, struct shunt_counts *counts)
{
	struct shunt_entry *entry = &shunt->entries[slot];
	struct shunt_counts *taken = &shunt->shunted[slot].taken;
	*counts = (struct shunt_counts){.packets = {0}};
	for (int side = 0; side < 2; side++) {
		counts->packets[side] =
			since(&entry->packets[side], &taken->packets[side]);
		counts->bytes[side] = since(&entry->bytes[side], &taken->bytes[side]);
	}
	counts->wire_bytes = since(&entry->wire_bytes, &taken->wire_bytes);
	const uint64_t packets = counts->packets[0] + counts->packets[1];
	if (packets == 0) {
		return false;
	}
	counts->last_us = taken->last_us = real_time_us(entry->last_ns);
	shunt->totals.packets += packets;
	shunt->totals.wire_bytes += counts->wire_bytes;
	return true;
}

bool shunt_take(
	struct shunt *shunt, const struct shunt_key *key, struct shunt_counts *counts)
{
	const uint32_t slot = find(shunt, key);
	return slot != NO_SLOT && take(shunt, slot, counts);
}

void shunt_stop(struct shunt *shunt, const struct shunt_key *key)
{
	const uint32_t slot = find(shunt, key);
	if (slot != NO_SLOT) {
		atomic_store(&shunt->entries[slot].state, SHUNT_STATE_STOPPED);
	}
}

void shunt_release(struct shunt *shunt, const struct shunt_key *key)
{
	const uint32_t slot = find(shunt, key);
	if (slot != NO_SLOT) {
		let_go(shunt, slot);
	}
}

static void sweep_one(struct shunt *shunt, uint32_t slot, uint64_t now_us,
	shunt_sweeper *sweeper, void *context)
{
	struct shunt_counts counts;
	void *owner = shunt->shunted[slot].owner;
	if (take(shunt, slot, &counts)) {
		sweeper(context, owner, &counts, false);
	} else if (now_us > shunt->shunted[slot].taken.last_us + SHUNT_IDLE_US) {
		atomic_store(&shunt->entries[slot].state, SHUNT_STATE_STOPPED);
		(void)take(shunt, slot, &counts);
		sweeper(context, owner, &counts, true);
		let_go(shunt, slot);
	}
}

void shunt_sweep(
	struct shunt *shunt, uint64_t now_us, shunt_sweeper *sweeper, void *context)
{
	const uint32_t used = shunt->used_count;
	for (uint32_t left = used < SWEPT_AT_ONCE ? used : SWEPT_AT_ONCE; left > 0;
		left--) {
		if (shunt->sweep_at == 0 || shunt->sweep_at > shunt->used_count) {
			shunt->sweep_at = shunt->used_count;
		}
		sweep_one(shunt, shunt->used[--shunt->sweep_at], now_us, sweeper,
			context);
	}
}

struct shunt_totals shunt_totals(const struct shunt *shunt)
{
	struct shunt_totals totals = shunt->totals;
	totals.flows = shunt->used_count;
	return totals;
}
