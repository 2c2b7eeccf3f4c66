#include "status/status.h"

#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME         "status"
#define MAGIC             "mailwarden page"
#define VERSION           12
#define ASLEEP_US         UINT64_C(5000000) /* the supervisor is at work every second */
#define STATUS_TEXT_BYTES 128

/* Byte 0 is the supervisor's, then one for each place: fcntl(2), also behind the end. */
static struct flock lock_of(int type, unsigned byte)
{
	return (struct flock){.l_type = (short)type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)byte,
		.l_len = 1};
}

/* Of the file that is open, not of the process: children can close it, and do not have it. */
static bool lock_page(int file, struct reason *why)
{
	struct flock lock = lock_of(F_WRLCK, 0);
	if (fcntl(file, F_OFD_SETLK, &lock) == 0) {
		return true;
	}
	if (errno == EAGAIN || errno == EACCES) {
		return reason_set(why, "another sensor runs with this state directory");
	}
	return reason_set(why, "cannot lock the status page: %s", strerror(errno));
}

static bool is_of_this_version(const struct status_page *page)
{
	return memcmp(page->magic, MAGIC, sizeof(MAGIC)) == 0 &&
	       page->version == VERSION && page->size == sizeof(*page);
}

void status_clear(struct status_page *page)
{
	memset(page, 0, sizeof(*page));
	page->version = VERSION;
	page->size = sizeof(*page);
	memcpy(page->magic, MAGIC, sizeof(MAGIC));
}

/*
 * Opened once more: a mapping keeps the file that it was made from, and with it a lock,
 * and children have the mapping as well.
 */
static int open_page(int directory, struct reason *why)
{
	const int file = openat(
		directory, FILE_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (file < 0) {
		(void)reason_set(
			why, "cannot open the status page: %s", strerror(errno));
	}
	return file;
}

static struct status_page *map_page(int directory, struct reason *why)
{
	const int file = open_page(directory, why);
	if (file < 0) {
		return NULL;
	}
	/* never shorter in between: a reader may have it mapped */
	const off_t bytes = (off_t)sizeof(struct status_page);
	const int error =
		ftruncate(file, bytes) != 0 ? errno : posix_fallocate(file, 0, bytes);
	if (error != 0) {
		(void)reason_set(
			why, "no room for the status page: %s", strerror(error));
		(void)close(file);
		return NULL;
	}
	void *memory = mmap(NULL, sizeof(struct status_page), PROT_READ | PROT_WRITE,
		MAP_SHARED, file, 0);
	(void)close(file);
	if (memory == MAP_FAILED) {
		(void)reason_set(
			why, "cannot map the status page: %s", strerror(errno));
		return NULL;
	}
	struct status_page *page = memory;
	if (!is_of_this_version(page)) {
		status_clear(page);
	}
	return page;
}

struct status_page *status_create(int directory, int *lock, struct reason *why)
{
	const int file = open_page(directory, why);
	if (file < 0) {
		return NULL;
	}
	struct status_page *page = NULL;
	if (lock_page(file, why)) {
		page = map_page(directory, why);
	}
	if (!page) {
		(void)close(file);
		return NULL;
	}
	*lock = file;
	return page;
}

static struct status_page *read_page(int file, int protection, struct reason *why)
{
	struct stat status;
	if (fstat(file, &status) != 0 ||
		status.st_size != (off_t)sizeof(struct status_page)) {
		(void)reason_set(why, "the status page is of another version");
		return NULL;
	}
	void *memory =
		mmap(NULL, sizeof(struct status_page), protection, MAP_SHARED, file, 0);
	if (memory == MAP_FAILED) {
		(void)reason_set(
			why, "cannot map the status page: %s", strerror(errno));
		return NULL;
	}
	struct status_page *page = memory;
	if (!is_of_this_version(page)) {
		(void)munmap(memory, sizeof(*page));
		(void)reason_set(why, "the status page is of another version");
		return NULL;
	}
	return page;
}

static void cannot_open(const char *path, struct reason *why)
{
	(void)reason_set(why, "%s: %s%s", path, strerror(errno),
		errno == ENOENT ? "; no sensor has run with this state directory "
				  "(see --state-dir)"
				: "");
}

/* Asked without taking it: a sensor may start at this very moment. */
static bool is_held(int file)
{
	struct flock lock = lock_of(F_WRLCK, 0);
	return fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool status_keep_place(int directory, unsigned place)
{
	const int file =
		openat(directory, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct flock lock = lock_of(F_RDLCK, 1 + place);
	return file >= 0 && fcntl(file, F_SETLK, &lock) == 0;
}

pid_t status_holder(int lock, unsigned place)
{
	struct flock held = lock_of(F_WRLCK, 1 + place);
	return fcntl(lock, F_GETLK, &held) == 0 && held.l_type != F_UNLCK &&
			       held.l_pid > 0
		       ? held.l_pid
		       : 0;
}

const struct status_page *status_open(
	const char *directory, bool *is_running, struct reason *why)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/" FILE_NAME, directory);
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		cannot_open(path, why);
		return NULL;
	}
	const struct status_page *page = read_page(file, PROT_READ, why);
	*is_running = is_held(file);
	(void)close(file);
	return page;
}

struct bans *status_open_bans(const char *directory, struct reason *why)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/" FILE_NAME, directory);
	const int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0) {
		cannot_open(path, why);
		return NULL;
	}
	struct status_page *page = NULL;
	if (is_held(file)) {
		page = read_page(file, PROT_READ | PROT_WRITE, why);
	} else {
		(void)reason_set(why, "%s: that sensor does not run", directory);
	}
	(void)close(file);
	return page ? &page->bans : NULL;
}

const char *status_state_name(enum status_state state)
{
	static const char *const NAMES[] = {
		[STATUS_STATE_NONE] = "none",
		[STATUS_STATE_STARTING] = "starting",
		[STATUS_STATE_RUNNING] = "running",
		[STATUS_STATE_DRAINING] = "draining",
		[STATUS_STATE_ENDED] = "ended",
		[STATUS_STATE_FAILED] = "failed",
	};
	return (unsigned)state < sizeof(NAMES) / sizeof(NAMES[0]) ? NAMES[state]
								  : "unknown";
}

void status_publish(
	struct status_process *process, const struct counter *counters, size_t count)
{
	if (count > STATUS_COUNTERS_MAX) {
		count = STATUS_COUNTERS_MAX;
	}
	for (size_t i = 0; i < count; i++) {
		struct status_counter *counter = &process->counters[i];
		if (counter->name[0] == '\0') {
			(void)snprintf(counter->name, sizeof(counter->name), "%s",
				counters[i].name);
		}
		counter->value = counters[i].value;
	}
	process->counter_count = (uint32_t)count;
}

void status_note_finding(struct status_process *process, enum finding finding,
	enum severity severity, uint64_t count)
{
	process->findings[finding] += count;
	process->graded[finding][severity] += count;
	if (process->worst[finding] == 0 || severity < process->worst[finding]) {
		process->worst[finding] = severity;
	}
}

/* By its name: a reload may have given it another place. */
static void note_row(struct status_process *process, const char *id)
{
	struct status_row *row = process->rows;
	/* STATUS_ROWS_MAX of them */
	while (row < &process->rows[STATUS_ROWS_MAX] && row->count > 0 &&
		strncmp(row->id, id, sizeof(row->id) - 1) != 0) {
		row++;
	}
	if (row->count == 0 && row < &process->rows[STATUS_ROWS_MAX]) {
		(void)snprintf(row->id, sizeof(row->id), "%s", id);
	}
	row->count++;
}

void status_note_flow(struct status_process *process, enum verdict verdict,
	enum protocol protocol, const char *row)
{
	const unsigned place = protocol < STATUS_PROTOCOL_OTHER ? (unsigned)protocol
								: STATUS_PROTOCOL_OTHER;
	process->verdicts[verdict][place]++;
	if (row) {
		note_row(process, row);
	}
}

void status_note_certificate(struct status_process *process,
	const struct address *server, uint16_t port, const struct status_ends *ends)
{
	struct status_certificate *last = process->certificates;
	for (unsigned i = 0; i < STATUS_CERTIFICATES_MAX; i++) {
		struct status_certificate *at = &process->certificates[i];
		if (at->port == port && address_equal(&at->server, server)) {
			at->not_after_s = ends->at_s;
			return;
		}
		if (at->not_after_s <= ends->now_s) {
			at->not_after_s = 0;
		}
		if (last->not_after_s != 0 &&
			(at->not_after_s == 0 || at->not_after_s > last->not_after_s)) {
			last = at;
		}
	}
	if (ends->at_s > ends->now_s &&
		(last->not_after_s == 0 || ends->at_s < last->not_after_s)) {
		last->not_after_s = 0;
		last->server = *server;
		last->port = port;
		last->not_after_s = ends->at_s;
	}
}

void status_note_sender(
	struct status_process *process, const struct address *sender, uint64_t now_us)
{
	struct status_sender *least = &process->senders[0];
	for (unsigned i = 0; i < STATUS_SENDERS_MAX; i++) {
		struct status_sender *at = &process->senders[i];
		if (at->count > 0 && address_equal(&at->address, sender)) {
			at->count++;
			return;
		}
		least = at->count < least->count ? at : least;
	}
	least->count = 0; /* for a reader: what it is of is being written */
	least->address = *sender;
	least->since_us = now_us;
	least->count = 1;
}

uint64_t status_waited_us(const struct status_process *process, uint64_t now_us)
{
	const uint64_t since_us = process->waits_since_us;
	return since_us != 0 && now_us > since_us ? now_us - since_us : 0;
}

uint64_t status_down_us(const struct status_process *process, uint64_t now_us)
{
	const uint64_t since_us = process->is_down ? process->down_since_us : 0;
	return since_us != 0 && now_us > since_us ? now_us - since_us : 0;
}

uint64_t status_counter_of(const struct status_process *process, const char *name)
{
	for (unsigned i = 0; i < process->counter_count && i < STATUS_COUNTERS_MAX;
		i++) {
		const struct status_counter *counter = &process->counters[i];
		if (strncmp(counter->name, name, sizeof(counter->name)) == 0) {
			return counter->value;
		}
	}
	return 0;
}

const char *status_text(const char *field, size_t field_size, char *text, size_t size)
{
	const size_t len = strnlen(field, field_size < size ? field_size : size - 1);
	memcpy(text, field, len);
	text[len] = '\0';
	utf8_make_printable(text); /* a process in its cage may have written it */
	return text;
}

/* The word at this place of a source; what the field had no room for has a number. */
static void name_interface(
	const struct status_process *process, unsigned place, char *name, size_t size)
{
	char source[STATUS_SOURCE_BYTES + 1];
	char *rest = NULL;
	(void)status_text(
		process->source, sizeof(process->source), source, sizeof(source));
	const bool is_cut = strlen(source) >= STATUS_SOURCE_BYTES - 1;
	const char *word = strtok_r(source, " ", &rest);
	for (unsigned i = 0; i < place && word; i++) {
		word = strtok_r(NULL, " ", &rest);
	}
	if (word && !(is_cut && *rest == '\0')) {
		(void)snprintf(name, size, "%s", word);
	} else {
		(void)snprintf(name, size, "number %u", place + 1);
	}
}

const char *status_interfaces_text(
	const struct status_process *process, char *text, size_t size)
{
	const uint32_t down = process->interfaces_down;
	const uint32_t away = process->interfaces_missing | down;
	size_t len = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < 32 && len < size; i++) {
		char name[STATUS_SOURCE_BYTES + 1];
		if ((away >> i & 1) == 0) {
			continue;
		}
		name_interface(process, i, name, sizeof(name));
		const int more = snprintf(text + len, size - len,
			"%sinterface %s is %s", len > 0 ? ", " : "", name,
			(down >> i & 1) != 0 ? "down" : "not watched");
		len += more > 0 ? (size_t)more : 0;
	}
	return text;
}

bool status_is_healthy(
	const struct status_page *page, uint64_t now_us, struct reason *why)
{
	if (now_us > page->alive_us && now_us - page->alive_us > ASLEEP_US) {
		return reason_set(why, "supervisor: not at work for %" PRIu64 " s",
			(now_us - page->alive_us) / 1000000);
	}
	const unsigned workers_end = page->workers_end < STATUS_PROCESSES_MAX
					     ? page->workers_end
					     : STATUS_PROCESSES_MAX;
	/* from the reporter on, behind the supervisor */
	for (unsigned i = 1; i < workers_end; i++) {
		char name[STATUS_TEXT_BYTES];
		const struct status_process *process = &page->processes[i];
		(void)status_text(
			process->name, sizeof(process->name), name, sizeof(name));
		if (process->state != STATUS_STATE_RUNNING) {
			return reason_set(why, "%s: %s", name,
				status_state_name((enum status_state)process->state));
		}
		if (process->is_down) {
			return reason_set(
				why, "%s: the journal takes no records", name);
		}
		char unseen[STATUS_TEXT_BYTES];
		if (status_interfaces_text(process, unseen, sizeof(unseen))[0] !=
			'\0') {
			return reason_set(why, "%s: %s", name, unseen);
		}
	}
	return true;
}
