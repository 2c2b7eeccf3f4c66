#include "base/arena.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "commands/matrices.h"
#include "commands/replay_journal.h"
#include "dmarc/archive.h"
#include "dmarc/archive_mail.h"
#include "dmarc/dmarc_told.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOLD_MAX   20 /* files that are no reports; what is more is a number */
#define ROOM_BYTES (ARCHIVE_STORED_MAX + 1)
#define LINE_BYTES 512 /* of "From ..." in a mailbox file, which the room may cut */

struct request {
	struct option_list matrices;
	struct option_list forwarders;
	struct option_list domains;
	const char *journal;
	unsigned language;
	bool is_json;
	bool is_all;
	bool is_exit_code_wanted;
};

struct reading {
	const struct request *request;
	struct archive_reader *reader;
	uint8_t *bytes;      /* of the file */
	char path[PATH_MAX]; /* as it may be printed */
	uint64_t mail;       /* of a mailbox file, from 1; else 0 */
	struct dmarc dmarc;
	struct tlsrpt tlsrpt;
	struct network *forwarders;
	size_t forwarder_count;
	char domains[OPTIONS_LIST_MAX][DMARC_DOMAIN_BYTES];
	const char *domain_list[OPTIONS_LIST_MAX];
	uint64_t faults;
	bool is_failed; /* a file could not be read */
};

static void tell(struct reading *reading, const struct reason *why)
{
	if (reading->faults++ >= TOLD_MAX) {
		return;
	}
	(void)fputs(reading->path, stderr);
	if (reading->mail > 0) {
		(void)fprintf(stderr, ", mail %" PRIu64, reading->mail);
	}
	(void)fprintf(stderr, ": left out: %s\n", why->text);
}

static void on_report(void *context, enum archive_kind kind, struct text plain)
{
	struct reading *reading = context;
	struct reason why;
	if (!(kind == ARCHIVE_JSON ? tlsrpt_add(&reading->tlsrpt, plain, &why)
				   : dmarc_add(&reading->dmarc, plain, &why))) {
		tell(reading, &why);
	}
}

/* All that the room holds behind what is there: one byte more than is allowed. */
static bool fill(struct reading *reading, int file, size_t *len)
{
	ssize_t got = 1;
	while (got > 0 && *len < ROOM_BYTES) {
		got = read(file, reading->bytes + *len, ROOM_BYTES - *len);
		*len += got > 0 ? (size_t)got : 0;
	}
	return got >= 0;
}

static void read_reports(struct reading *reading, size_t at, size_t len)
{
	struct reason why;
	const struct text file = {reading->bytes + at, len};
	if (!archive_read(reading->reader, file, on_report, reading, &why)) {
		tell(reading, &why);
	}
}

static bool fill_behind(struct reading *reading, int file, size_t at, size_t *len)
{
	*len -= at;
	memmove(reading->bytes, reading->bytes + at, *len);
	return fill(reading, file, len);
}

/*
 * The mails of a mailbox file, each by itself: no more of the file is held than one may
 * have. Of a larger one all is passed over, up to where the next begins.
 */
static bool read_mails(struct reading *reading, int file, size_t len)
{
	bool is_told = false; /* the mail at hand, and its rest is passed over */
	for (size_t at = 0; at < len;) {
		const struct text rest = {reading->bytes + at, len - at};
		const size_t mail = archive_mailbox_first(rest);
		const bool is_cut = mail == rest.len && len == ROOM_BYTES;
		if (!is_told && (!is_cut || at == 0)) {
			reading->mail++;
			read_reports(reading, at, mail);
			is_told = true;
		}
		if (!is_cut) {
			at += mail;
			is_told = false;
			continue;
		}
		if (!fill_behind(
			    reading, file, is_told ? len - LINE_BYTES : at, &len)) {
			return false;
		}
		at = 0;
	}
	return true;
}

static bool read_open_file(struct reading *reading, int file)
{
	size_t len = 0;
	reading->mail = 0;
	if (!fill(reading, file, &len)) {
		return false;
	}
	if (archive_is_mailbox((struct text){reading->bytes, len})) {
		return read_mails(reading, file, len);
	}
	read_reports(reading, 0, len);
	return true;
}

static void read_file(struct reading *reading, const char *path)
{
	const bool is_input = strcmp(path, "-") == 0;
	const int file = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(reading->path, sizeof(reading->path), "%s",
		is_input ? "standard input" : path);
	utf8_make_printable(reading->path); /* attachments have names of strangers */
	if (file < 0 || !read_open_file(reading, file)) {
		reading->is_failed = true;
		(void)command_failed(
			&COMMAND_DMARC, "%s: %s", reading->path, strerror(errno));
	}
	if (file > STDIN_FILENO) {
		(void)close(file);
	}
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

/* A file, or all files of a folder and those below it, as in a Maildir. */
static bool read_tree(struct reading *reading, const char *path, struct reason *why)
{
	char *copy = strdup(path);
	char *const roots[] = {copy, NULL};
	FTS *tree = copy ? fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR,
				   by_name)
			 : NULL;
	if (!tree) {
		free(copy);
		return reason_set(why, "%.150s: %s", path, strerror(errno));
	}
	for (FTSENT *entry = fts_read(tree); entry; entry = fts_read(tree)) {
		const unsigned kind = entry->fts_info;
		const bool is_given = entry->fts_level == FTS_ROOTLEVEL;
		if (kind == FTS_F || (kind == FTS_DEFAULT && is_given)) {
			read_file(reading, entry->fts_accpath);
		} else if (kind == FTS_DNR || kind == FTS_ERR || kind == FTS_NS) {
			reading->is_failed = true;
			errno = entry->fts_errno;
			(void)command_failed(&COMMAND_DMARC, "%s: %s", entry->fts_path,
				strerror(errno));
		}
	}
	(void)fts_close(tree);
	free(copy);
	return true;
}

static bool read_forwarders(struct reading *reading, struct reason *why)
{
	const struct option_list *given = &reading->request->forwarders;
	struct network list[NETWORK_RANGE_MAX];
	for (size_t i = 0; i < given->count; i++) {
		const size_t count = network_parse(given->values[i], list, why);
		if (count == 0) {
			return false;
		}
		for (size_t j = 0; j < count; j++) {
			reading->forwarders = list_room(reading->forwarders,
				reading->forwarder_count, sizeof(list[0]));
			reading->forwarders[reading->forwarder_count++] = list[j];
		}
	}
	return true;
}

static bool read_domains(struct reading *reading, struct reason *why)
{
	const struct option_list *given = &reading->request->domains;
	for (size_t i = 0; i < given->count; i++) {
		if (!dmarc_domain_read(
			    text_from(given->values[i]), reading->domains[i])) {
			return reason_set(
				why, "\"%.100s\" is no domain", given->values[i]);
		}
		reading->domain_list[i] = reading->domains[i];
	}
	return true;
}

static bool start(
	struct reading *reading, const struct matrix *matrix, struct reason *why)
{
	const struct dmarc_settings settings = {.matrix = matrix,
		.now_s = (int64_t)(clock_realtime_us() / 1000000),
		.forwarders = reading->forwarders,
		.forwarder_count = reading->forwarder_count,
		.domains = reading->domain_list,
		.domain_count = reading->request->domains.count};
	reading->reader = archive_reader_new();
	reading->bytes = malloc(ROOM_BYTES);
	if (!reading->reader || !reading->bytes) {
		return reason_set(why, "no memory");
	}
	return dmarc_start(&reading->dmarc, &settings, why) &&
	       tlsrpt_start(&reading->tlsrpt, &reading->dmarc, why);
}

static void end(struct reading *reading)
{
	archive_reader_free(reading->reader);
	free(reading->bytes);
	list_free(reading->forwarders);
	dmarc_free(&reading->dmarc);
	tlsrpt_free(&reading->tlsrpt);
}

static void write_records(const void *context, FILE *(*next)(void *journal),
	void *journal, const struct json_event *event)
{
	dmarc_told_records(context, next, journal, event);
}

static int give(const struct reading *reading)
{
	const struct request *request = reading->request;
	struct dmarc_told told;
	struct reason why;
	int code = COMMAND_OK;
	if (!dmarc_told_start(&told, &reading->dmarc, &reading->tlsrpt)) {
		code = command_failed(&COMMAND_DMARC, "no memory to sort them");
	} else if (request->is_json) {
		dmarc_told_json(&told, stdout);
	} else {
		dmarc_told_text(&told, request->is_all,
			(enum texts_language)request->language, stdout);
	}
	if (code == COMMAND_OK && request->journal &&
		!replay_journal_write(request->journal, write_records, &told, &why)) {
		code = command_failed(&COMMAND_DMARC, "%s", why.text);
	}
	if (code == COMMAND_OK && request->is_exit_code_wanted &&
		dmarc_told_is_at_fault(&told)) {
		code = COMMAND_VIOLATIONS;
	}
	dmarc_told_free(&told);
	return code;
}

/* One broken report among many is every day's; none that can be read is not. */
static int tell_all(const struct reading *reading)
{
	const uint64_t reports =
		reading->dmarc.totals.reports + reading->tlsrpt.totals.reports;
	if (reading->faults > TOLD_MAX) {
		(void)fprintf(stderr, "%" PRIu64 " files or reports left out in all\n",
			reading->faults);
	}
	const int code = give(reading);
	if (code != COMMAND_OK && code != COMMAND_VIOLATIONS) {
		return code;
	}
	return reading->is_failed                    ? COMMAND_RUNTIME
	       : reports == 0 && reading->faults > 0 ? COMMAND_USAGE
						     : code;
}

static int read_all(struct reading *reading, const struct option_words *files)
{
	struct reason why;
	for (size_t i = 0; i < files->count; i++) {
		const char *path = files->list[i];
		if (strcmp(path, "-") == 0) {
			read_file(reading, path);
		} else if (!read_tree(reading, path, &why)) {
			return command_failed(&COMMAND_DMARC, "%s", why.text);
		}
	}
	return tell_all(reading);
}

static int dmarc_run(int argc, char **argv)
{
	/* what is read is too large for the stack */
	static struct request request;
	static struct reading reading;
	struct option_words files;
	struct reason why;
	int code = options_read(&COMMAND_DMARC, argc, argv, &request, &files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	reading.request = &request;
	if (!read_forwarders(&reading, &why) || !read_domains(&reading, &why)) {
		return command_misused(&COMMAND_DMARC, "%s", why.text);
	}
	struct matrix *matrix = matrices_load(&request.matrices);
	if (!matrix) {
		return COMMAND_USAGE;
	}
	code = start(&reading, matrix, &why)
		       ? read_all(&reading, &files)
		       : command_failed(&COMMAND_DMARC, "%s", why.text);
	end(&reading);
	matrix_free(matrix);
	return code;
}

static const char ABOUT[] =
	"Who sends as your domains, as those who receive it report, and does the\n"
	"matrix declare it? REPORT is a DMARC aggregate report (RFC 7489, RFC 9990), "
	"a\n"
	"TLS report (RFC 8460), gzip, zip or a mail that holds one, a mailbox file\n"
	"(mbox), a folder of these (a Maildir), or - for stdin. Nobody is asked: all\n"
	"of it is what reports say, and anybody may write one.\n"
	"\n"
	"Declared are groups of role outbound, those that a row lets send to the\n"
	"Internet by SMTP, and who sends for the domain by `domains`; by the "
	"addresses\n"
	"that the Internet sees. Else a source that passed SPF for the domain is an\n"
	"undeclared relay; one whose mail bears the domain's signature may be one, or\n"
	"forwards mail; what passed nothing was forged, or changed on its way.\n";

static const char EXAMPLES[] =
	"  mailwarden dmarc -m matrix.yaml ~/Maildir/.dmarc\n"
	"  mailwarden dmarc -m matrix.yaml --forwarder 203.0.113.0/24 *.zip *.xml.gz\n"
	"  mailwarden dmarc -m matrix.yaml --journal /var/lib/mailwarden/dmarc mbox\n";

static const struct option_row OPTIONS[] = {
	{OPTION_MATRICES(struct request, "flow matrix; repeat it to join several"),
		.is_required = true},
	{.name = "domain",
		.argument = "DOMAIN",
		.help = "only of this one and those below it; repeat it for\n"
			"more (default: own domains of the matrix, else\n"
			"whatever reports are about)",
		.set = option_add_text,
		.field = offsetof(struct request, domains)},
	{.name = "forwarder",
		.argument = "PREFIX",
		.help = "address, prefix or range of a known forwarder;\n"
			"repeat it for more",
		.set = option_add_text,
		.field = offsetof(struct request, forwarders)},
	{.name = "journal",
		.argument = "DIR",
		.help = "what is at fault, and sums, as records into the\n"
			"journal in DIR, for mailwarden ship",
		.set = option_set_text,
		.field = offsetof(struct request, journal)},
	{.name = "all",
		.help = "all sources, not the 20 largest of each kind",
		.set = option_set_flag,
		.field = offsetof(struct request, is_all)},
	{.name = "lang",
		.argument = "en|fr",
		.help = "language of the text (default: en)",
		.set = option_set_word,
		.field = offsetof(struct request, language)},
	{.name = "json",
		.help = "one JSON object per source, and of TLS per policy and\n"
			"failure; a last one with totals",
		.set = option_set_flag,
		.field = offsetof(struct request, is_json)},
	{.name = "exit-code",
		.help = "exit 1 when a sender is not declared, or TLS fails",
		.set = option_set_flag,
		.field = offsetof(struct request, is_exit_code_wanted)},
	{.name = NULL},
};

const struct command COMMAND_DMARC = {
	.name = "dmarc",
	.summary = "show who sends as your domains, by DMARC and TLS reports",
	.usage = "-m MATRIX [OPTION...] REPORT...",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits = "0 shown, 2 usage or matrix in error, or no report among what was "
		 "given, 3\na file could not be read; --exit-code: 1 somebody is not "
		 "declared.\n",
	.options = OPTIONS,
	.words = "REPORT",
	.words_least = 1,
	.words_most = COMMAND_WORDS_ANY,
	.run = dmarc_run,
};
