#include "audit/archive.h"
#include "audit/archive_mail.h"
#include "audit/dmarc_told.h"
#include "matrix/load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW_S 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"
	"groups:\n"
	"  mx-out: {role: outbound, addresses: [198.51.100.2]}\n"
	"  mx-in: {role: inbound, addresses: [198.51.100.3], names: "
	"[mx1.example.org]}\n"
	"rows:\n"
	"  - {id: M-01, from: mx-out, to: internet, protocols: [smtp]}\n";

struct target {
	struct archive_reader *reader;
	struct matrix *matrix;
	struct dmarc dmarc;
	struct tlsrpt tlsrpt;
};

static struct matrix *load(void)
{
	char path[] = "/tmp/fuzz-dmarc-XXXXXX";
	const char *const files[] = {path};
	struct matrix_problems problems = {.count = 0};
	const int file = mkstemp(path);
	if (file < 0 || write(file, MATRIX, sizeof(MATRIX) - 1) < 0) {
		abort();
	}
	(void)close(file);
	struct matrix *matrix = matrix_load(files, 1, &problems);
	(void)unlink(path);
	matrix_problems_free(&problems);
	return matrix;
}

static void start(struct target *target)
{
	struct reason why;
	target->matrix = load();
	target->reader = archive_reader_new();
	const struct dmarc_settings settings = {
		.matrix = target->matrix, .now_s = NOW_S};
	if (!target->matrix || !target->reader ||
		!dmarc_start(&target->dmarc, &settings, &why) ||
		!tlsrpt_start(&target->tlsrpt, &target->dmarc, &why)) {
		abort();
	}
}

static void on_report(void *context, enum archive_kind kind, struct text plain)
{
	struct target *target = context;
	struct reason why;
	if (kind == ARCHIVE_JSON) {
		(void)tlsrpt_add(&target->tlsrpt, plain, &why);
	} else {
		(void)dmarc_add(&target->dmarc, plain, &why);
	}
}

static FILE *next_record(void *context)
{
	return context;
}

/* Whatever was taken in can be told in each form. */
static void tell(const struct target *target, FILE *out)
{
	struct dmarc_told told;
	const struct json_event event = {
		.time_us = 1, .host = "fuzz", .event_prefix = "fuzz-0"};
	if (!dmarc_told_start(&told, &target->dmarc, &target->tlsrpt)) {
		abort();
	}
	dmarc_told_text(&told, true, TEXTS_ENGLISH, out);
	dmarc_told_text(&told, false, TEXTS_FRENCH, out);
	dmarc_told_json(&told, out);
	dmarc_told_records(&told, next_record, out, &event);
	dmarc_told_free(&told);
}

static void read_all(struct target *target, struct text file)
{
	struct reason why;
	while (file.len > 0) {
		const size_t mail = archive_is_mailbox(file)
					    ? archive_mailbox_first(file)
					    : file.len;
		if (mail == 0 || mail > file.len) {
			abort();
		}
		(void)archive_read(target->reader, (struct text){file.at, mail},
			on_report, target, &why);
		text_advance(&file, mail);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct target target;
	static FILE *out;
	static unsigned runs;
	if (!target.reader) {
		start(&target);
		out = fopen("/dev/null", "we");
	}
	if (!out) {
		abort();
	}
	read_all(&target, (struct text){data, size});
	if (++runs % 256 ==
		0) { /* the tables are bounded, and sorting them is not free */
		tell(&target, out);
		dmarc_free(&target.dmarc);
		tlsrpt_free(&target.tlsrpt);
		archive_reader_free(target.reader);
		matrix_free(target.matrix);
		target.reader = NULL;
	}
	return 0;
}
