#include "commands/replay_journal.h"

#include "base/clock.h"
#include "report/json_sensor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define HOST_BYTES  256
#define TOTAL_BYTES (UINT64_C(64) << 30) /* of segments; what is older goes */

static bool name_events(
	struct replay_journal *journal, const char *host, struct reason *why)
{
	uint32_t chance;
	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance)) {
		return reason_set(why, "no random numbers for event ids");
	}
	(void)snprintf(journal->prefix, sizeof(journal->prefix),
		"%.64s-%" PRIx64 ".%08" PRIx32, host, clock_realtime_us() / 1000000,
		chance);
	return true;
}

bool replay_journal_open(struct replay_journal *journal, const char *path,
	const char *host, struct reason *why)
{
	struct journal_limits limits = journal_limits_default();
	limits.total_bytes = TOTAL_BYTES;
	journal->is_failed = false;
	journal_start(&journal->journal, -1, &limits);
	if (!name_events(journal, host, why) ||
		!journal_open(
			&journal->journal, AT_FDCWD, path, clock_realtime_us(), why)) {
		return false;
	}
	journal->stream = fmemopen(journal->bytes, sizeof(journal->bytes), "w");
	if (!journal->stream) {
		journal_close(&journal->journal);
		return reason_set(why, "no memory for records: %s", strerror(errno));
	}
	return true;
}

static void append(struct replay_journal *journal)
{
	const bool is_whole = fflush(journal->stream) == 0;
	const long len = ftell(journal->stream);
	if (!is_whole || len < 0) {
		journal->is_failed = true;
		(void)reason_set(&journal->why, "a record is too long");
	}
	if (!journal->is_failed && len > 0) {
		journal->is_failed =
			journal_append(&journal->journal, journal->bytes, (size_t)len,
				clock_realtime_us(), &journal->why) < (size_t)len;
	}
	rewind(journal->stream);
}

FILE *replay_journal_begin(struct replay_journal *journal)
{
	if (ftell(journal->stream) > REPLAY_JOURNAL_BYTES - REPLAY_JOURNAL_RECORD) {
		append(journal);
	}
	return journal->stream;
}

bool replay_journal_close(struct replay_journal *journal, struct reason *why)
{
	append(journal);
	(void)fclose(journal->stream);
	journal->stream = NULL;
	journal_close(&journal->journal);
	if (journal->is_failed) {
		*why = journal->why;
		return false;
	}
	if (journal->journal.lost_bytes > 0) {
		return reason_set(why,
			"the journal had no room: %" PRIu64 " bytes of older records "
			"were dropped unread",
			journal->journal.lost_bytes);
	}
	return true;
}

static FILE *next_record(void *journal)
{
	return replay_journal_begin(journal);
}

bool replay_journal_write(const char *path, replay_journal_writer *write,
	const void *context, struct reason *why)
{
	static struct replay_journal journal; /* too large for the stack */
	char host[HOST_BYTES] = "";
	(void)gethostname(host, sizeof(host) - 1);
	if (!replay_journal_open(&journal, path, host, why)) {
		return false;
	}
	const struct json_event event = {.time_us = clock_realtime_us(),
		.host = host,
		.event_prefix = journal.prefix};
	write(context, next_record, &journal, &event);
	return replay_journal_close(&journal, why);
}
