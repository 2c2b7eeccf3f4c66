/*
 * dmarc/dmarc - who sends as the entity's domains, as aggregate reports tell, and is it declared?
 *
 * In: rows of reports (dmarc/dmarc_xml), the matrix, prefixes of known forwarders. Out: one
 * source for each address and domain of the header From, added up. Whoever may send mail
 * may send a report: all of it is a claim, the table is bounded, and what can be forged by
 * the thousand (mail that passed nothing) never takes the last of its room.
 */
#pragma once

#include "dmarc/dmarc_table.h"
#include "dmarc/dmarc_xml.h"
#include "matrix/domains.h"
#include "matrix/network.h"

#define DMARC_SOURCES_MAX (1U << 15)
#define DMARC_REPORTS_MAX (1U << 17) /* told apart from repeated ones */

/* Where the source stands; each can be known without asking anybody. */
enum dmarc_standing {
	DMARC_DECLARED =
		0, /* the matrix lets it send to the Internet, or for the domain */
	DMARC_FORWARDER, /* declared as one */
	DMARC_IN_SPF,    /* only that: a receiver found it in the domain's SPF */
	DMARC_UNKNOWN,   /* none of these, as far as reports tell */
};

/* What is to be told of it, the gravest first. */
enum dmarc_class {
	DMARC_CLASS_RELAY =
		0,          /* sends for the domain by its SPF, and is not declared */
	DMARC_CLASS_SIGNER, /* its mail bears the domain's signature */
	DMARC_CLASS_DECLARED,
	DMARC_CLASS_FORWARDER,
	DMARC_CLASS_FORWARDED, /* a forwarder or a list, as the receivers say of all of it */
	DMARC_CLASS_SPOOFING, /* passed nothing */
	DMARC_CLASSES
};

struct dmarc_key {
	struct address address;
	char domain[256]; /* DMARC_DOMAIN_BYTES are used */
};

struct dmarc_source {
	struct dmarc_key key;
	const struct matrix_group *group; /* that holds the address, or NULL */
	bool is_declared;
	bool is_forwarder;
	bool is_told_by_several;
	char reporter[DMARC_NAME_BYTES]; /* the first that told of it */
	uint64_t messages;
	uint64_t aligned; /* by one of the two at least */
	uint64_t spf_aligned;
	uint64_t dkim_aligned;
	uint64_t forwarded; /* as the receiver says */
	uint64_t quarantined;
	uint64_t rejected;
	uint64_t begin_s; /* of the first report, the end of the last */
	uint64_t end_s;
};

struct dmarc_settings {
	const struct matrix *matrix;
	int64_t now_s; /* rows that have expired declare nobody */
	const struct network *forwarders;
	size_t forwarder_count;
	/* lower case; none: those that the matrix says are own, else of whatever reports speak */
	const char *const *domains;
	size_t domain_count;
};

struct dmarc_totals {
	uint64_t reports;
	uint64_t repeated; /* given a second time: not counted */
	uint64_t rows_bad; /* no address, count or domain */
	/* of a domain that was not asked for, or is not the report's */
	uint64_t rows_other;
	uint64_t messages;
	uint64_t lost_messages;          /* without room in the table */
	uint64_t classes[DMARC_CLASSES]; /* messages */
	uint64_t begin_s;
	uint64_t end_s;
};

struct dmarc {
	struct dmarc_settings settings;
	struct dmarc_table sources;
	struct dmarc_table reports;
	uint32_t failing; /* sources that began with mail that passed nothing */
	struct dmarc_totals totals;
};

bool dmarc_start(
	struct dmarc *dmarc, const struct dmarc_settings *settings, struct reason *why);
void dmarc_free(struct dmarc *dmarc);

/* A report of this writer, id, subject and time was not given before, as far as is known. */
bool dmarc_is_new(struct dmarc *dmarc, const char *organization, const char *id,
	const char *subject, uint64_t begin_s);

/* One report: false with a reason where it is none. */
bool dmarc_add(struct dmarc *dmarc, struct text xml, struct reason *why);

enum dmarc_standing dmarc_standing(const struct dmarc_source *source);
enum dmarc_class dmarc_class(const struct dmarc_source *source);
const char *dmarc_standing_word(enum dmarc_standing standing);
const char *dmarc_class_word(enum dmarc_class class);

/* The gravest class first, then those with most messages; as dmarc_table_sorted. */
const void **dmarc_sorted(const struct dmarc *dmarc);

/* The totals with .classes summed up. */
void dmarc_totals(const struct dmarc *dmarc, struct dmarc_totals *totals);

/* A domain in lower case is one that is asked about, or below one. */
bool dmarc_is_asked(const struct dmarc_settings *settings, const char *domain);
