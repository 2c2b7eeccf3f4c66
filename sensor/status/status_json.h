/*
 * status/status_json - the status page as one JSON document.
 *
 * For `mailwarden status --json` and /status.json. Trusts the page as little as any
 * reader does.
 */
#pragma once

#include "engine/blindness.h"
#include "report/json_writer.h"
#include "status/status.h"

void status_json_write(FILE *out, const struct status_page *page, bool is_running);

/* As on the page (status/status), but within it whatever the page says. */
unsigned status_workers_end(const struct status_page *page);
unsigned status_outputs_end(const struct status_page *page);

/* How often it was found in all processes together. */
uint64_t status_finding_total(const struct status_page *page, int finding);

/* The worst severity that it was told with; that of the catalogue where none was. */
enum severity status_finding_worst(const struct status_page *page, int finding);

/* How often a flow would have been blocked for it. */
uint64_t status_would_block_total(const struct status_page *page, int finding);

/* The senders of such flows, most first: of all workers, or as many as there is room for. */
struct status_sender_sum {
	struct address address;
	uint64_t count;
	uint64_t since_us;
};
size_t status_senders(
	const struct status_page *page, struct status_sender_sum *list, size_t room);

/* What could not be looked into: added to *sum, and of all workers since they began. */
void status_blindness_of(const struct status_process *process, struct blindness *sum);
void status_blindness(const struct status_page *page, struct blindness *sum);

/*
 * Visits every ban that holds, and for how long yet; returns how many. Of a sensor that
 * runs: one that ended keeps nobody out.
 */
size_t status_each_ban(const struct status_page *page,
	void (*visit)(
		struct json_writer *writer, const char *address, uint64_t left_us),
	struct json_writer *writer);
