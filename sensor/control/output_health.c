#include "control/output_health.h"

#include <inttypes.h>

#define LOOK_US UINT64_C(1000000)
#define DOWN_US UINT64_C(60000000) /* longer than a restart of the receiver takes */

/* One that cannot say so itself: it hangs while it starts, or ends again and again. */
static bool is_away(const struct status_process *process)
{
	return process->state != STATUS_STATE_RUNNING;
}

static void tell_that_down(struct health *health, unsigned place, uint64_t down_us)
{
	const struct status_process *process = sensor_process(health->sensor, place);
	if (is_away(process)) {
		health_alert(health, FINDING_SENSOR_OUTPUT_DOWN, place,
			"is not ready to take records for %" PRIu64 " s (%s)",
			down_us / 1000000,
			status_state_name((enum status_state)process->state));
		return;
	}
	health_alert(health, FINDING_SENSOR_OUTPUT_DOWN, place,
		"takes no records for %" PRIu64 " s; %" PRIu64
		" bytes wait in the journal",
		down_us / 1000000, process->backlog);
}

static void look_if_down(struct health *health, unsigned place,
	struct output_seen *seen, uint64_t now_us)
{
	struct status_process *process = sensor_process(health->sensor, place);
	if (!is_away(process) && !process->is_down) {
		seen->down_us = 0;
		seen->is_told = false;
		return;
	}
	if (seen->down_us == 0) {
		seen->down_us = now_us;
	}
	if (now_us - seen->down_us < DOWN_US) {
		return;
	}
	if (is_away(process) && !process->is_down) {
		process->down_since_us = seen->down_us;
		process->is_down = 1;
	}
	if (!seen->is_told) {
		seen->is_told = true;
		tell_that_down(health, place, now_us - seen->down_us);
	}
}

static void look_for_loss(
	struct health *health, unsigned place, struct output_seen *seen)
{
	const uint64_t lost = sensor_process(health->sensor, place)->lost;
	if (lost > seen->lost) {
		health_alert(health, FINDING_SENSOR_JOURNAL_BOUND, place,
			"%" PRIu64
			" bytes of records were dropped by the journal before "
			"this output had them",
			lost - seen->lost);
	}
	seen->lost = lost;
}

/* Until another process connected, it is as it was. */
static void look_for_doubt(
	struct health *health, unsigned place, struct output_seen *seen)
{
	struct status_process *process = sensor_process(health->sensor, place);
	char text[160];
	if (is_away(process) || process->is_down) {
		return;
	}
	if (process->is_doubtful && !seen->is_doubt_told) {
		(void)status_text(process->why.text, sizeof(process->why.text), text,
			sizeof(text));
		health_alert(health, FINDING_SENSOR_OUTPUT_FORGETS, place, "%s", text);
	}
	seen->is_doubt_told = process->is_doubtful;
}

void output_health_look(
	struct output_health *outputs, struct health *health, uint64_t now_us)
{
	const struct sensor *sensor = health->sensor;
	if (now_us - outputs->look_us < LOOK_US) {
		return;
	}
	outputs->look_us = now_us;
	for (unsigned i = sensor->workers_end; i < sensor->outputs_end; i++) {
		struct output_seen *seen = &outputs->seen[i - sensor->workers_end];
		look_if_down(health, i, seen, now_us);
		look_for_loss(health, i, seen);
		look_for_doubt(health, i, seen);
	}
}
