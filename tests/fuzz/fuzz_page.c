/*
 * The page of a running sensor, of whatever lines stand in its journal: alerts and mail flows
 * are read from them, and the page has the same elements as with tame texts in their place.
 */
#include "www/overview.h"

#include "matrix/load.h"
#include "observed/sighting.h"
#include "page_checks.h"

#include <stdlib.h>
#include <string.h>

#define NOW_US     UINT64_C(1796126400000000) /* 2026-12-01T12:00:00 */
#define PAIRS      256
#define LINES_MOST 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24, 2001:db8::/32]}\n"
	"groups:\n"
	"  workstations: {role: client, addresses: [192.0.2.64/26]}\n"
	"  mailboxes: {role: mailbox, addresses: [192.0.2.10]}\n"
	"rows:\n"
	"  - {id: M-01, from: workstations, to: mailboxes, protocols: [imaps]}\n";

struct journal {
	struct alerts alerts;
	struct observed *hostile;
	struct observed *tame;
};

static const struct matrix *matrix_of(void)
{
	static struct matrix *matrix;
	if (!matrix) {
		const struct matrix_source source = {
			"made.yaml", MATRIX, sizeof(MATRIX) - 1};
		struct matrix_problems problems;
		matrix = matrix_load_sources(&source, 1, &problems);
	}
	return matrix;
}

static struct observed *observed_of_none(void)
{
	static const struct hash_seed SEED = {{1, 2}};
	struct reason why;
	struct observed *observed = observed_new(PAIRS, SEED, &why);
	if (!observed) {
		abort();
	}
	return observed;
}

/* What is there stays there, and says nothing. */
static void tame(char *text)
{
	if (text[0] != '\0') {
		memcpy(text, "x", sizeof("x"));
	}
}

static void see(struct journal *journal, const char *line, size_t len)
{
	struct sighting sighting;
	alerts_take(&journal->alerts, line, len, NOW_US - OVERVIEW_DAY_US);
	if (!sighting_read_line(&sighting, line, len)) {
		return;
	}
	observed_add(journal->hostile, &sighting);
	tame(sighting.helo);
	tame(sighting.sni);
	tame(sighting.names[0]);
	tame(sighting.names[1]);
	tame(sighting.certificate_names);
	observed_add(journal->tame, &sighting);
}

/* Each line on an exact heap copy. */
static void see_all(struct journal *journal, const uint8_t *data, size_t size)
{
	for (unsigned i = 0; i < LINES_MOST && size > 0; i++) {
		const uint8_t *end = memchr(data, '\n', size);
		const size_t len = end ? (size_t)(end - data) : size;
		char *line = malloc(len + (len == 0));
		if (!line) {
			abort();
		}
		memcpy(line, data, len);
		see(journal, line, len);
		free(line);
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
	alerts_sort(&journal->alerts);
}

static void tame_alerts(struct alerts *alerts)
{
	for (size_t i = 0; i < alerts->count; i++) { /* ALERTS_PLACES */
		struct open_alert *alert = &alerts->list[i];
		tame(alert->from);
		tame(alert->to);
		tame(alert->row);
		tame(alert->client);
		tame(alert->server);
		tame(alert->detail);
	}
}

/* A worker and an output, each called as the host is: no text of the page is longer. */
static const struct status_page *status_named(const uint8_t *name, size_t len)
{
	static struct status_page status;
	len = len < STATUS_HOST_BYTES ? len : STATUS_HOST_BYTES;
	memset(status.host, 0, sizeof(status.host));
	memcpy(status.host, name, len);
	status.workers_end = SENSOR_WORKERS + 1;
	status.outputs_end = SENSOR_WORKERS + 2;
	for (unsigned i = SENSOR_WORKERS; i < SENSOR_WORKERS + 2; i++) {
		struct status_process *process = &status.processes[i];
		const size_t most = sizeof(process->name);
		memset(process->name, 0, most);
		memcpy(process->name, name, len < most ? len : most);
		process->state = STATUS_STATE_RUNNING;
	}
	return &status;
}

static char *write_page(const struct status_page *status, const struct alerts *alerts,
	const struct observed *observed)
{
	const struct overview_running running = {.status = status, .alerts = alerts};
	const struct overview overview = {.matrix = matrix_of(),
		.observed = observed,
		.running = &running,
		.now_us = NOW_US,
		.pairs = PAIRS,
		.language = TEXTS_FRENCH};
	char *page = NULL;
	size_t len = 0;
	struct reason why;
	FILE *out = open_memstream(&page, &len);
	if (!out || !overview_write(out, &overview, &why) || fclose(out) != 0) {
		abort();
	}
	return page;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct journal journal;
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	const size_t len = end ? (size_t)(end - data) : size;
	journal = (struct journal){
		.hostile = observed_of_none(), .tame = observed_of_none()};
	see_all(&journal, data + len, size - len);
	char *page =
		write_page(status_named(data, len), &journal.alerts, journal.hostile);
	page_check_text(page);
	page_strip(page);
	tame_alerts(&journal.alerts);
	char *tame_page = write_page(
		status_named((const uint8_t *)"x", 1), &journal.alerts, journal.tame);
	page_strip(tame_page);
	if (strcmp(page, tame_page) != 0) {
		abort();
	}
	free(page);
	free(tame_page);
	observed_free(journal.hostile);
	observed_free(journal.tame);
	return 0;
}
