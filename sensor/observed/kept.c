#include "observed/kept.h"

#include "base/log.h"
#include "observed/observed_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SAVE_US     UINT64_C(50000000) /* and what a save takes: a minute */
#define WARN_US     UINT64_C(60000000)
#define BROKEN_FILE KEPT_FILE ".broken"
#define SYNC_PIECES 4 /* of a megabyte together */
#define TAKE_BYTES  ((size_t)256 * 1024)

/* The library takes its seed from the system with the first object. */
static void start_library(void)
{
	struct document document;
	if (document_start(&document)) {
		document_free(&document);
	}
}

static bool load(struct kept *kept, struct reason *why)
{
	const int directory = kept->directory;
	switch (observed_file_load_at(kept->observed, directory, KEPT_FILE, why)) {
	case OBSERVED_FILE_OK:
	case OBSERVED_FILE_MISSING:
		break;
	case OBSERVED_FILE_BROKEN:
		log_line(LOG_LEVEL_ERROR, "reporter",
			"%s; counting begins at zero, the file is "
			"now " BROKEN_FILE,
			why->text);
		if (renameat(directory, KEPT_FILE, directory, BROKEN_FILE) != 0) {
			return reason_set(why, BROKEN_FILE ": %s", strerror(errno));
		}
		break;
	case OBSERVED_FILE_UNREADABLE:
		return false;
	}
	return true;
}

bool kept_start(struct kept *kept, int directory, uint32_t pairs, struct reason *why)
{
	struct hash_seed seed;
	*kept = (struct kept){.directory = directory};
	start_library();
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		return reason_set(why, "no random numbers for the hash seed");
	}
	kept->waiting = calloc(1, KEPT_WAITING_BYTES); /* untouched until it is used */
	if (!kept->waiting) {
		return reason_set(why, "no memory for records that wait");
	}
	kept->observed = observed_new(pairs, seed, why);
	if (kept->observed && !load(kept, why)) {
		observed_free(kept->observed);
		kept->observed = NULL;
	}
	return kept->observed != NULL;
}

static void tell_listener(
	const struct kept_listener *listener, const struct sighting *sighting)
{
	if (listener->take) {
		listener->take(listener->context, sighting);
	}
}

static void add(struct kept *kept, const char *lines, size_t len)
{
	const char *end;
	while (len > 0 && (end = memchr(lines, '\n', len)) != NULL) {
		struct sighting sighting;
		const size_t line = (size_t)(end - lines);
		if (sighting_read_line(&sighting, lines, line)) {
			observed_add(kept->observed, &sighting);
			kept->is_changed = true;
			tell_listener(&kept->listener, &sighting);
		}
		lines += line + 1;
		len -= line + 1;
	}
}

static void on_failure(struct kept *kept, const char *why)
{
	kept->is_changed = true;
	kept->faults++;
	if (kept->look_us >= kept->warn_us) {
		kept->warn_us = kept->look_us + WARN_US;
		log_line(LOG_LEVEL_ERROR, "reporter", "%s", why);
	}
}

static void begin_save(struct kept *kept)
{
	struct reason why;
	kept->save_us = kept->look_us + SAVE_US;
	kept->is_changed = false;
	if (!replaced_file_begin_at(&kept->file, kept->directory, KEPT_FILE, &why)) {
		on_failure(kept, why.text);
		return;
	}
	kept->pieces = 0;
	kept->writing = observed_writing_new(kept->file.out, kept->observed);
	if (!kept->writing) {
		replaced_file_abandon(&kept->file);
		on_failure(kept, KEPT_FILE ": no memory to sort it");
	}
}

static void end_writing(struct kept *kept)
{
	observed_writing_free(kept->writing);
	kept->writing = NULL;
}

static void save_piece(struct kept *kept)
{
	struct reason why;
	if (!observed_writing_step(kept->writing)) {
		end_writing(kept);
		if (!replaced_file_finish(&kept->file, &why)) {
			on_failure(kept, why.text);
		}
	} else if (++kept->pieces % SYNC_PIECES == 0 &&
		   !replaced_file_sync(&kept->file, &why)) {
		end_writing(kept);
		replaced_file_abandon(&kept->file);
		on_failure(kept, why.text);
	}
}

/* Of what waits whole lines, as long as there are any: each is shorter than this. */
static void add_waiting(struct kept *kept)
{
	const char *at = kept->waiting + kept->waiting_at;
	const size_t left = kept->waiting_end - kept->waiting_at;
	const char *end = left > TAKE_BYTES ? memrchr(at, '\n', TAKE_BYTES) : NULL;
	const size_t len = end ? (size_t)(end - at) + 1 : left;
	add(kept, at, len);
	kept->waiting_at += len;
	if (kept->waiting_at == kept->waiting_end) {
		kept->waiting_at = kept->waiting_end = 0;
	}
}

static bool is_waiting(const struct kept *kept)
{
	return kept->waiting_end > 0;
}

static void catch_up(struct kept *kept)
{
	while (kept->writing) { /* pieces of the file */
		save_piece(kept);
	}
	while (is_waiting(kept)) { /* KEPT_WAITING_BYTES */
		add_waiting(kept);
	}
}

/* What waits goes down to the start of its room; false: there is none for len more. */
static bool make_room(struct kept *kept, size_t len)
{
	if (len > KEPT_WAITING_BYTES - kept->waiting_end) {
		memmove(kept->waiting, kept->waiting + kept->waiting_at,
			kept->waiting_end - kept->waiting_at);
		kept->waiting_end -= kept->waiting_at;
		kept->waiting_at = 0;
	}
	return len <= KEPT_WAITING_BYTES - kept->waiting_end;
}

void kept_take(struct kept *kept, const char *lines, size_t len)
{
	if (!kept->writing && !is_waiting(kept)) {
		add(kept, lines, len);
	} else if (make_room(kept, len)) {
		memcpy(kept->waiting + kept->waiting_end, lines, len);
		kept->waiting_end += len;
	} else {
		catch_up(kept);
		add(kept, lines, len);
	}
}

bool kept_look(struct kept *kept, uint64_t now_us)
{
	kept->look_us = now_us;
	if (kept->writing) {
		save_piece(kept);
	} else if (is_waiting(kept)) {
		add_waiting(kept);
	} else if (kept->is_changed && now_us >= kept->save_us) {
		begin_save(kept);
	}
	return kept->writing || is_waiting(kept);
}

void kept_end(struct kept *kept)
{
	catch_up(kept);
	if (kept->is_changed) {
		kept->look_us = kept->warn_us;
		begin_save(kept);
		catch_up(kept);
	}
	observed_free(kept->observed);
	kept->observed = NULL;
	free(kept->waiting);
	kept->waiting = NULL;
}
