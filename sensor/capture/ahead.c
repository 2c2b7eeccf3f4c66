#include "capture/ahead.h"

#include "capture/window.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Pieces that wait at most: of all files of a process, for it to begin one not asked for, ... */
#define FAR_PIECES 256
/* ... and of a file that is being read; fewer where there are many, which share the above. */
#define NEAR_PIECES 8

/* One stream_read(). */
struct piece {
	uint8_t bytes[WINDOW_READ_BYTES];
};

/* Written by the process that unpacks while it is free, read by the other one while not. */
struct slot {
	_Atomic bool is_full;
	bool is_cut;
	bool is_failed;
	uint32_t place; /* of the file */
	uint32_t len;
	uint64_t number; /* of the piece in its file */
	uint64_t bytes_read;
	struct reason why;
};

/* Written by who reads. */
struct demand {
	_Atomic bool is_wanted;
	_Atomic uint64_t taken; /* pieces */
};

struct ahead_queue {
	struct unpacker *unpacker;
	struct stream *stream;
	uint32_t place;
	bool is_over;  /* the piece without bytes was taken, or made */
	uint64_t made; /* pieces, where they are made */
};

/* One process and its files. */
struct unpacker {
	struct ahead_queue *queues;
	uint32_t count;
	pid_t id;
	int bell; /* rung when a piece was made, or taken; ends with either process */
	void *shared; /* what follows lies in it */
	size_t shared_bytes;
	struct demand *demands;
	struct slot *slots;
	struct piece *pieces;
	uint32_t slot_count;
	uint32_t near; /* pieces of a file that is being read */
};

struct ahead {
	struct unpacker *unpackers;
	size_t count;
};

/* One that rings already rings enough: what does not fit is not needed. */
static void bell_ring(int bell)
{
	(void)send(bell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* False: the other process is no more. */
static bool bell_wait(int bell)
{
	char rung[64];
	ssize_t got = 0;
	do {
		got = recv(bell, rung, sizeof(rung), 0);
	} while (got < 0 && errno == EINTR);
	return got > 0;
}

static uint64_t held_of(const struct ahead_queue *queue)
{
	const struct demand *demand = &queue->unpacker->demands[queue->place];
	return queue->made - atomic_load_explicit(&demand->taken, memory_order_acquire);
}

/* The file that waits most; else the next one to begin; else NULL. */
static struct ahead_queue *queue_choose(const struct unpacker *unpacker)
{
	struct ahead_queue *chosen = NULL;
	struct ahead_queue *next = NULL;
	uint64_t least = unpacker->near;
	uint64_t all = 0;
	for (uint32_t i = 0; i < unpacker->count; i++) {
		struct ahead_queue *queue = &unpacker->queues[i];
		const uint64_t held = held_of(queue);
		all += held;
		if (queue->is_over) {
			continue;
		}
		if (!atomic_load_explicit(
			    &unpacker->demands[i].is_wanted, memory_order_acquire)) {
			next = next ? next : queue;
		} else if (held < least) {
			least = held;
			chosen = queue;
		}
	}
	return chosen ? chosen : all < FAR_PIECES ? next : NULL;
}

/* The first free one, so that no more memory is touched than is needed at once. */
static uint32_t slot_free(const struct unpacker *unpacker)
{
	uint32_t at = 0;
	while (at < unpacker->slot_count &&
		atomic_load_explicit(
			&unpacker->slots[at].is_full, memory_order_acquire)) {
		at++;
	}
	assert(at < unpacker->slot_count); /* both bounds above together */
	return at;
}

static void piece_make(struct ahead_queue *queue)
{
	const struct unpacker *unpacker = queue->unpacker;
	struct stream *stream = queue->stream;
	const uint32_t at = slot_free(unpacker);
	struct slot *slot = &unpacker->slots[at];
	slot->len = (uint32_t)stream_read(
		stream, unpacker->pieces[at].bytes, sizeof(unpacker->pieces[at].bytes));
	slot->place = queue->place;
	slot->number = queue->made++;
	slot->bytes_read = stream->bytes_read;
	slot->is_cut = stream->is_cut;
	slot->is_failed = stream->is_failed;
	if (slot->is_failed) {
		slot->why = stream->why;
	}
	queue->is_over = slot->len == 0;
	atomic_store_explicit(&slot->is_full, true, memory_order_release);
	bell_ring(unpacker->bell);
}

static int descriptor_order(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* All but its files, its bell and standard error. */
static bool close_others(const struct unpacker *unpacker)
{
	const size_t count = (size_t)unpacker->count + 2;
	int *kept = (int *)calloc(count, sizeof(*kept));
	if (!kept) {
		return false;
	}
	for (uint32_t i = 0; i < unpacker->count; i++) {
		kept[i] = unpacker->queues[i].stream->fd;
	}
	kept[unpacker->count] = unpacker->bell;
	kept[unpacker->count + 1] = STDERR_FILENO;
	qsort(kept, count, sizeof(*kept), descriptor_order);
	unsigned first = 0;
	for (size_t i = 0; i < count; i++) {
		if ((unsigned)kept[i] > first) {
			(void)close_range(first, (unsigned)kept[i] - 1, 0);
		}
		first = (unsigned)kept[i] + 1;
	}
	(void)close_range(first, ~0U, 0);
	free(kept);
	return true;
}

static void __attribute__((noreturn))
unpacker_serve(const struct unpacker *unpacker, pid_t parent)
{
	bool is_on = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
		     getppid() == parent && close_others(unpacker);
	while (is_on) {
		struct ahead_queue *queue = queue_choose(unpacker);
		if (queue) {
			piece_make(queue);
		} else {
			is_on = bell_wait(unpacker->bell);
		}
	}
	_exit(EXIT_FAILURE);
}

static bool unpacker_fork(struct unpacker *unpacker, struct reason *why)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		return reason_set(why, "%s", strerror(errno));
	}
	const pid_t parent = getpid();
	unpacker->id = fork();
	if (unpacker->id == 0) {
		unpacker->bell = ends[1];
		unpacker_serve(unpacker, parent);
	}
	(void)close(ends[1]);
	unpacker->bell = ends[0];
	return unpacker->id > 0 || reason_set(why, "%s", strerror(errno));
}

static bool unpacker_share(struct unpacker *unpacker, struct reason *why)
{
	const uint32_t share = FAR_PIECES / unpacker->count;
	unpacker->near = share > NEAR_PIECES ? NEAR_PIECES : share > 0 ? share : 1;
	unpacker->slot_count = FAR_PIECES + unpacker->near * unpacker->count;
	const size_t pieces = unpacker->slot_count * sizeof(struct piece);
	const size_t slots = unpacker->slot_count * sizeof(struct slot);
	unpacker->shared_bytes =
		pieces + slots + unpacker->count * sizeof(struct demand);
	void *shared = mmap(NULL, unpacker->shared_bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED) {
		return reason_set(why, "%s", strerror(errno));
	}
	unpacker->shared = shared;
	unpacker->pieces = (struct piece *)shared;
	unpacker->slots = (struct slot *)(unpacker->pieces + unpacker->slot_count);
	unpacker->demands = (struct demand *)(unpacker->slots + unpacker->slot_count);
	return true;
}

/* Each processes-th file from here on: those that follow each other are in different ones. */
static bool unpacker_start(struct unpacker *unpacker, struct stream *const *streams,
	size_t count, size_t processes, struct reason *why)
{
	unpacker->bell = -1;
	unpacker->queues =
		(struct ahead_queue *)calloc(count, sizeof(*unpacker->queues));
	if (!unpacker->queues) {
		return reason_set(why, "out of memory");
	}
	for (size_t i = 0; i < count; i += processes) {
		unpacker->queues[unpacker->count] =
			(struct ahead_queue){.unpacker = unpacker,
				.stream = streams[i],
				.place = unpacker->count};
		unpacker->count++;
	}
	if (!unpacker_share(unpacker, why) || !unpacker_fork(unpacker, why)) {
		return false;
	}
	for (uint32_t i = 0; i < unpacker->count; i++) {
		unpacker->queues[i].stream->ahead = &unpacker->queues[i];
	}
	return true;
}

static void unpacker_stop(struct unpacker *unpacker)
{
	if (unpacker->id > 0) { /* it may wait for a file, long */
		(void)kill(unpacker->id, SIGKILL);
		while (waitpid(unpacker->id, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	if (unpacker->bell >= 0) {
		(void)close(unpacker->bell);
	}
	for (uint32_t i = 0; i < unpacker->count; i++) {
		unpacker->queues[i].stream->ahead = NULL;
	}
	if (unpacker->shared) {
		(void)munmap(unpacker->shared, unpacker->shared_bytes);
	}
	free(unpacker->queues);
}

struct ahead *ahead_start(struct stream *const *streams, size_t count, size_t processes,
	struct reason *why)
{
	struct ahead *ahead = (struct ahead *)calloc(1, sizeof(*ahead));
	processes = processes < count ? processes : count;
	if (ahead) {
		ahead->unpackers =
			(struct unpacker *)calloc(processes, sizeof(*ahead->unpackers));
	}
	if (!ahead || !ahead->unpackers) {
		(void)reason_set(why, "out of memory");
		free(ahead);
		return NULL;
	}
	for (; ahead->count < processes; ahead->count++) {
		const size_t first = ahead->count;
		if (!unpacker_start(&ahead->unpackers[first], streams + first,
			    count - first, processes, why)) {
			ahead->count++; /* what there is of it ends, too */
			ahead_stop(ahead);
			return NULL;
		}
	}
	return ahead;
}

void ahead_stop(struct ahead *ahead)
{
	if (!ahead) {
		return;
	}
	for (size_t i = 0; i < ahead->count; i++) {
		unpacker_stop(&ahead->unpackers[i]);
	}
	free(ahead->unpackers);
	free(ahead);
}

static struct slot *slot_find(
	const struct unpacker *unpacker, uint32_t place, uint64_t number)
{
	for (uint32_t i = 0; i < unpacker->slot_count; i++) {
		struct slot *slot = &unpacker->slots[i];
		if (atomic_load_explicit(&slot->is_full, memory_order_acquire) &&
			slot->place == place && slot->number == number) {
			return slot;
		}
	}
	return NULL;
}

/* NULL: its process ended without it. */
static struct slot *slot_await(
	const struct unpacker *unpacker, uint32_t place, uint64_t number)
{
	bool is_alive = true;
	struct slot *slot = slot_find(unpacker, place, number);
	while (!slot && is_alive) {
		is_alive = bell_wait(unpacker->bell);
		slot = slot_find(unpacker, place, number);
	}
	return slot;
}

/* What the other process wrote is not believed further than its bounds. */
static size_t slot_take(struct slot *slot, const struct piece *piece,
	struct stream *stream, uint8_t *to)
{
	const uint32_t told = slot->len;
	const size_t len = told < sizeof(piece->bytes) ? told : sizeof(piece->bytes);
	memcpy(to, piece->bytes, len);
	stream->bytes_read = slot->bytes_read;
	stream->is_cut = slot->is_cut;
	stream->is_failed = slot->is_failed;
	if (stream->is_failed) {
		(void)reason_set(&stream->why, "%.*s", (int)sizeof(slot->why.text) - 1,
			slot->why.text);
	}
	atomic_store_explicit(&slot->is_full, false, memory_order_release);
	return len;
}

size_t ahead_read(struct stream *stream, uint8_t *to, size_t len)
{
	struct ahead_queue *queue = stream->ahead;
	const struct unpacker *unpacker = queue->unpacker;
	struct demand *demand = &unpacker->demands[queue->place];
	const uint64_t number =
		atomic_load_explicit(&demand->taken, memory_order_relaxed);
	assert(len >= WINDOW_READ_BYTES);
	if (queue->is_over) {
		return 0;
	}
	if (number == 0) {
		atomic_store_explicit(&demand->is_wanted, true, memory_order_release);
		bell_ring(unpacker->bell);
	}
	struct slot *slot = slot_await(unpacker, queue->place, number);
	if (!slot) {
		stream->is_failed = true;
		(void)reason_set(
			&stream->why, "the process that unpacked it has ended");
		return 0;
	}
	const size_t got =
		slot_take(slot, &unpacker->pieces[slot - unpacker->slots], stream, to);
	queue->is_over = got == 0;
	atomic_store_explicit(&demand->taken, number + 1, memory_order_release);
	bell_ring(unpacker->bell);
	return got;
}
