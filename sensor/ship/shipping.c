#include "ship/shipping.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAUSE_FIRST_US UINT64_C(200000)
#define PAUSE_MAX_US   UINT64_C(30000000)
#define WARN_US        UINT64_C(60000000)
#define COMMIT_US      UINT64_C(100000)
#define LOOK_US        UINT64_C(1000000)
#define IDLE_MS        100U
#define US_PER_MS      UINT64_C(1000)
#define ACK_MS         20
#define LINES_MAX      2048 /* looked at in one round */

bool shipping_open(struct shipping *shipping, const struct shipper_context *context,
	int directory, const char *path, struct reason *why)
{
	char name[OUTPUT_NAME_BYTES + 16];
	const struct output *output = context->output;
	memset(shipping, 0, offsetof(struct shipping, pending));
	shipping->output = output;
	shipping->count = 0;
	shipping->text_len = 0;
	(void)snprintf(name, sizeof(name), "output-%s", output->name);
	if (!journal_reader_open(&shipping->reader, directory, path, name, why)) {
		return false;
	}
	shipping->commit = shipping->reader.cursor.position;
	shipping->state = output->shipper->open(context, why);
	if (!shipping->state) {
		journal_reader_close(&shipping->reader);
		return false;
	}
	return true;
}

void shipping_carry_on(struct shipping *shipping, const struct shipping_numbers *before)
{
	struct shipping_numbers *numbers = &shipping->numbers;
	numbers->is_down = before->is_down;
	numbers->down_since_us = before->down_since_us;
	numbers->oldest_us = before->oldest_us;
	shipping->empty_us = before->oldest_us;
}

static struct shipping_pending *newest(struct shipping *shipping)
{
	return &shipping->pending[(shipping->oldest + shipping->pending_count - 1) %
				  SHIPPING_PENDING_MAX];
}

/* Nothing up to there is for this output: the place is there once all sent before is. */
static void pass_over(struct shipping *shipping, uint64_t end)
{
	if (shipping->pending_count > 0) {
		newest(shipping)->end = end;
	} else {
		shipping->commit = end;
	}
}

/* Somebody else wrote it, or something our reader refuses (\u0000). Read again: counted once. */
static void pass_over_unreadable(
	struct shipping *shipping, const struct journal_line *line)
{
	if (line->end > shipping->unreadable_end) {
		shipping->unreadable_end = line->end;
		shipping->numbers.unreadable++;
	}
	pass_over(shipping, line->end);
}

static void take_line(struct shipping *shipping, const struct journal_line *line)
{
	struct event *event = &shipping->events[shipping->count];
	struct journal_line kept = *line;
	memcpy(shipping->text + shipping->text_len, line->text, line->len);
	kept.text = shipping->text + shipping->text_len;
	if (!event_read(event, &kept)) {
		pass_over_unreadable(shipping, line);
		return;
	}
	if (!output_wants(shipping->output, event)) {
		event_free(event);
		pass_over(shipping, line->end);
		return;
	}
	shipping->text_len += line->len;
	shipping->count++;
	shipping->pending_count++;
	*newest(shipping) =
		(struct shipping_pending){.end = line->end, .time_us = event->time_us};
}

/* As many as there is room for. False: there were no lines. */
static bool collect(struct shipping *shipping)
{
	struct journal_line line;
	unsigned lines = 0;
	shipping->count = 0;
	shipping->text_len = 0;
	while (lines < LINES_MAX && shipping->count < SHIPPING_EVENTS_MAX &&
		shipping->pending_count < SHIPPING_PENDING_MAX &&
		shipping->text_len + JOURNAL_READER_BYTES <= SHIPPING_TEXT_BYTES &&
		journal_reader_next(&shipping->reader, &line)) {
		/* what the journal dropped before it is counted: once */
		pass_over(shipping, line.position);
		take_line(shipping, &line);
		lines++;
	}
	return lines > 0;
}

static void forget(struct shipping *shipping)
{
	for (size_t i = 0; i < shipping->count; i++) {
		event_free(&shipping->events[i]);
	}
	shipping->count = 0;
}

static void take_acks(struct shipping *shipping, size_t acked)
{
	for (; acked > 0 && shipping->pending_count > 0; acked--) {
		shipping->commit = shipping->pending[shipping->oldest].end;
		shipping->oldest = (shipping->oldest + 1) % SHIPPING_PENDING_MAX;
		shipping->pending_count--;
		shipping->numbers.delivered++;
	}
}

/* Put the place on the disk, seldom enough that it costs little. */
static void keep_place(struct shipping *shipping, uint64_t now_us, bool is_at_once)
{
	struct reason why;
	if (shipping->commit == shipping->reader.cursor.position ||
		(!is_at_once && now_us - shipping->commit_us < COMMIT_US)) {
		return;
	}
	shipping->commit_us = now_us;
	if (!journal_reader_commit(&shipping->reader, shipping->commit, &why) &&
		now_us >= shipping->warn_us) {
		shipping->warn_us = now_us + WARN_US;
		log_line(LOG_LEVEL_WARNING, shipping->output->name,
			"its place is not kept: %s", why.text);
	}
}

/* What the disk did not keep is sent again: at least once. */
static void go_back(struct shipping *shipping)
{
	if (shipping->commit > shipping->reader.cursor.position) {
		shipping->commit = shipping->reader.cursor.position;
	}
	(void)journal_reader_seek(&shipping->reader, shipping->commit);
	shipping->pending_count = 0;
}

/* The place is behind the gap at once, so that no later process counts it again. */
static void note_losses(struct shipping *shipping, uint64_t now_us)
{
	struct shipping_numbers *numbers = &shipping->numbers;
	const uint64_t gap_bytes = shipping->reader.gap_bytes;
	if (numbers->lost_bytes == gap_bytes) {
		return;
	}
	log_line(LOG_LEVEL_WARNING, shipping->output->name,
		"%" PRIu64 " bytes of records were dropped by the journal before "
		"they were sent",
		gap_bytes - numbers->lost_bytes);
	numbers->lost_bytes = gap_bytes;
	keep_place(shipping, now_us, true);
}

static void tell_unreadable(struct shipping *shipping, uint64_t now_us)
{
	const uint64_t count = shipping->numbers.unreadable;
	if (count == shipping->unreadable_told ||
		(shipping->unreadable_us != 0 &&
			now_us - shipping->unreadable_us < WARN_US)) {
		return;
	}
	log_line(LOG_LEVEL_WARNING, shipping->output->name,
		"lines of the journal that are no records of ours were not sent: "
		"%" PRIu64 ", the last before byte %" PRIu64,
		count - shipping->unreadable_told, shipping->unreadable_end);
	shipping->unreadable_told = count;
	shipping->unreadable_us = now_us;
}

/*
 * A record's timestamp may be long before it was written (a repeat is told when its
 * window ends): nothing has waited longer than since nothing did.
 */
static void note_oldest(struct shipping *shipping)
{
	const uint64_t now_us = clock_realtime_us();
	if (shipping->pending_count > 0) {
		const uint64_t time_us = shipping->pending[shipping->oldest].time_us;
		const uint64_t empty_us =
			shipping->empty_us < now_us ? shipping->empty_us : now_us;
		shipping->numbers.oldest_us = time_us > empty_us ? time_us : empty_us;
	} else if (!shipping->is_more) {
		shipping->numbers.oldest_us = 0;
		shipping->empty_us = now_us;
	}
}

static void read_some(struct shipping *shipping, uint64_t now_us)
{
	shipping->is_more = collect(shipping);
	note_losses(shipping, now_us);
	tell_unreadable(shipping, now_us);
	note_oldest(shipping);
}

/* With nobody to send it to: only for the numbers. */
static void look_what_waits(struct shipping *shipping, uint64_t now_us)
{
	read_some(shipping, now_us);
	forget(shipping);
	keep_place(shipping, now_us, false);
	go_back(shipping);
}

/* The receiver knows better what it has: on from there. */
static void on_rewind(struct shipping *shipping, uint64_t now_us)
{
	const struct shipper *shipper = shipping->output->shipper;
	const uint64_t before = shipping->commit;
	shipping->pending_count = 0;
	shipping->commit =
		journal_reader_seek(&shipping->reader, shipper->place(shipping->state));
	if (shipping->commit < before) {
		log_line(LOG_LEVEL_NOTICE, shipping->output->name,
			"on from where the receiver stands, %" PRIu64
			" bytes back in the journal",
			before - shipping->commit);
	}
	keep_place(shipping, now_us, true);
}

static void on_down(
	struct shipping *shipping, uint64_t now_us, const struct reason *why)
{
	struct shipping_numbers *numbers = &shipping->numbers;
	numbers->failures++;
	numbers->is_down = true;
	numbers->down_since_us =
		numbers->down_since_us ? numbers->down_since_us : now_us;
	shipping->down_us = shipping->down_us ? shipping->down_us : now_us;
	shipping->pause_us =
		shipping->pause_us ? shipping->pause_us * 2 : PAUSE_FIRST_US;
	if (shipping->pause_us > PAUSE_MAX_US) {
		shipping->pause_us = PAUSE_MAX_US;
	}
	shipping->retry_us = now_us + shipping->pause_us;
	keep_place(shipping, now_us, true);
	go_back(shipping);
	look_what_waits(shipping, now_us);
	if (now_us >= shipping->warn_us) {
		shipping->warn_us = now_us + WARN_US;
		log_line(LOG_LEVEL_WARNING, shipping->output->name,
			"output down, records wait in the journal: %s", why->text);
	}
}

static void on_up(struct shipping *shipping, uint64_t now_us)
{
	struct shipping_numbers *numbers = &shipping->numbers;
	if (numbers->is_down) {
		const uint64_t since_us = numbers->down_since_us;
		log_line(LOG_LEVEL_NOTICE, shipping->output->name,
			"output takes records again, after %" PRIu64 " s",
			now_us > since_us ? (now_us - since_us) / 1000000 : 0);
	}
	numbers->is_down = false;
	numbers->down_since_us = 0;
	shipping->down_us = 0;
	shipping->pause_us = 0;
	shipping->retry_us = 0;
}

static void measure_backlog(struct shipping *shipping, uint64_t now_us)
{
	if (now_us - shipping->look_us >= LOOK_US || shipping->look_us == 0) {
		shipping->look_us = now_us;
		shipping->numbers.backlog = journal_reader_backlog(&shipping->reader);
	}
}

/* Nothing to send and nothing on its way. */
static enum shipping_step rest(struct shipping *shipping, uint64_t now_us, bool is_more)
{
	keep_place(shipping, now_us, false);
	if (is_more) {
		return SHIPPING_BUSY;
	}
	return shipping->commit == shipping->reader.cursor.position ? SHIPPING_IDLE
								    : SHIPPING_WAITING;
}

static enum shipping_step deliver_batch(
	struct shipping *shipping, uint64_t now_us, bool is_more)
{
	struct reason why = {.text = "no reason given"};
	size_t acked = 0;
	const bool is_idle = shipping->count == 0 && shipping->pending_count == 0;
	shipping->sent_us = now_us;
	const enum shipper_result result = shipping->output->shipper->send(
		shipping->state, shipping->events, shipping->count, &acked, &why);
	forget(shipping);
	take_acks(shipping, acked);
	if (result == SHIPPER_AGAIN) {
		on_down(shipping, now_us, &why);
		return SHIPPING_DOWN;
	}
	if (result == SHIPPER_REWIND) {
		on_rewind(shipping, now_us);
		return SHIPPING_BUSY;
	}
	if (acked > 0 || is_idle) {
		on_up(shipping, now_us);
	}
	if (is_idle) {
		return rest(shipping, now_us, is_more);
	}
	keep_place(shipping, now_us, false);
	return is_more ? SHIPPING_BUSY : SHIPPING_WAITING;
}

/* Whether the shipper is to be called though there is nothing to send. */
static bool is_idle_call(const struct shipping *shipping, uint64_t now_us)
{
	const uint64_t idle_us = shipping->output->shipper->idle_ms * US_PER_MS;
	return idle_us > 0 &&
	       (shipping->sent_us == 0 || now_us - shipping->sent_us >= idle_us);
}

void shipping_read(struct shipping *shipping, uint64_t now_us)
{
	measure_backlog(shipping, now_us);
	shipping->is_read = now_us >= shipping->retry_us;
	if (shipping->is_read) {
		read_some(shipping, now_us);
	} else if (shipping->numbers.oldest_us == 0) {
		look_what_waits(shipping, now_us);
	}
}

enum shipping_step shipping_step(struct shipping *shipping, uint64_t now_us)
{
	if (!shipping->is_read) {
		shipping_read(shipping, now_us);
	}
	if (!shipping->is_read) {
		return SHIPPING_DOWN;
	}
	const bool is_more = shipping->is_more;
	shipping->is_read = false;
	return shipping->count == 0 && shipping->pending_count == 0 &&
			       !is_idle_call(shipping, now_us)
		       ? rest(shipping, now_us, is_more)
		       : deliver_batch(shipping, now_us, is_more);
}

int shipping_directory(const struct shipping *shipping)
{
	const struct shipper *shipper = shipping->output->shipper;
	return shipper->directory ? shipper->directory(shipping->state) : -1;
}

const struct lent_file *shipping_files(const struct shipping *shipping)
{
	const struct shipper *shipper = shipping->output->shipper;
	return shipper->files ? shipper->files(shipping->state) : NULL;
}

const uint16_t *shipping_ports(const struct shipping *shipping)
{
	static const uint16_t NONE[] = {0};
	const struct shipper *shipper = shipping->output->shipper;
	return shipper->ports ? shipper->ports(shipping->state) : NONE;
}

bool shipping_is_udp(const struct shipping *shipping)
{
	const struct shipper *shipper = shipping->output->shipper;
	return shipper->is_udp && shipper->is_udp(shipping->state);
}

const char *shipping_doubt(const struct shipping *shipping)
{
	const struct shipper *shipper = shipping->output->shipper;
	return shipper->doubt ? shipper->doubt(shipping->state) : "";
}

bool shipping_is_named(const struct shipping *shipping)
{
	const struct shipper *shipper = shipping->output->shipper;
	return shipper->is_named && shipper->is_named(shipping->state);
}

void shipping_reopen(struct shipping *shipping)
{
	const struct shipper *shipper = shipping->output->shipper;
	if (shipper->reopen) {
		shipper->reopen(shipping->state);
	}
}

unsigned shipping_wait_ms(
	const struct shipping *shipping, enum shipping_step step, uint64_t now_us)
{
	switch (step) {
	case SHIPPING_BUSY:
		break;
	case SHIPPING_WAITING:
		return ACK_MS;
	case SHIPPING_DOWN:
		return now_us < shipping->retry_us &&
				       shipping->retry_us - now_us < IDLE_MS * US_PER_MS
			       ? (unsigned)((shipping->retry_us - now_us) / US_PER_MS) +
					 1
			       : IDLE_MS;
	case SHIPPING_IDLE:
		return IDLE_MS;
	}
	return 0;
}

void shipping_close(struct shipping *shipping)
{
	struct reason why;
	forget(shipping);
	if (shipping->commit != shipping->reader.cursor.position) {
		/* not kept: some is sent again */
		(void)journal_reader_commit(&shipping->reader, shipping->commit, &why);
	}
	shipping->output->shipper->close(shipping->state);
	journal_reader_close(&shipping->reader);
}
