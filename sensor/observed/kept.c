#include "observed/kept.h"

#include "base/log.h"
#include "observed/observed_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define SAVE_US     UINT64_C(60000000)
#define WARN_US     UINT64_C(60000000)
#define BROKEN_FILE KEPT_FILE ".broken"

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
			"%s; what was observed is counted anew, the file is "
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

bool kept_start(struct kept *kept, int directory, struct reason *why)
{
	struct hash_seed seed;
	*kept = (struct kept){.directory = directory};
	start_library();
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		return reason_set(why, "no random numbers for the hash seed");
	}
	kept->observed = observed_new(OBSERVED_ENTRIES, seed, why);
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

void kept_take(struct kept *kept, const char *lines, size_t len)
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

static void save(struct kept *kept, uint64_t now_us)
{
	struct reason why = {.text = ""};
	if (!kept->is_changed) {
		return;
	}
	kept->save_us = now_us + SAVE_US;
	if (observed_file_save_at(kept->observed, kept->directory, KEPT_FILE, &why)) {
		kept->is_changed = false;
		return;
	}
	kept->faults++;
	if (now_us >= kept->warn_us) {
		kept->warn_us = now_us + WARN_US;
		log_line(LOG_LEVEL_ERROR, "reporter", "%s", why.text);
	}
}

void kept_look(struct kept *kept, uint64_t now_us)
{
	if (now_us >= kept->save_us) {
		save(kept, now_us);
	}
}

void kept_end(struct kept *kept)
{
	save(kept, kept->warn_us);
	observed_free(kept->observed);
	kept->observed = NULL;
}
