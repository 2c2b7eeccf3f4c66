/*
 * dmarc/dmarc_xml - one DMARC aggregate report (RFC 7489 appendix C, RFC 9990).
 *
 * In: XML from a stranger, both shapes, with or without a namespace. Out: what the report
 * says of itself, and its rows. A document type (so any entity of its own), deep nesting,
 * dates that cannot be and XML that is not well-formed make a report void; a row without
 * an address, a count or a domain is left out and counted. The only file that knows expat.
 */
#pragma once

#include "base/address.h"
#include "base/reason.h"
#include "base/text.h"

#define DMARC_DOMAIN_BYTES 254 /* RFC 1035 section 2.3.4, and a NUL */
#define DMARC_NAME_BYTES   96

enum dmarc_disposition { DMARC_NONE = 0, DMARC_QUARANTINE, DMARC_REJECT };

struct dmarc_report {
	char organization[DMARC_NAME_BYTES]; /* who wrote it, as it says; printable */
	char id[DMARC_NAME_BYTES];
	char domain[DMARC_DOMAIN_BYTES]; /* whose policy, in lower case */
	uint64_t begin_s;                /* since 1970 */
	uint64_t end_s;
	uint64_t bad_rows;
};

struct dmarc_row {
	struct address source;
	char domain[DMARC_DOMAIN_BYTES]; /* of the header From, in lower case */
	uint64_t count;                  /* of messages, 1 to UINT32_MAX */
	bool is_dkim_aligned;            /* passed, by a domain aligned with the From */
	bool is_spf_aligned;
	bool is_forwarded; /* the receiver took it for forwarded mail or a list's */
	enum dmarc_disposition disposition;
};

typedef void dmarc_row_take(
	void *context, const struct dmarc_report *report, const struct dmarc_row *row);

/*
 * Look at all of a report; now_s: none ends long after it. False with a reason where it is
 * not well-formed or no report: it counts whole or not at all.
 */
bool dmarc_xml_read(struct text xml, uint64_t now_s, struct dmarc_report *report,
	struct reason *why);

/* The rows of one that was read. */
bool dmarc_xml_rows(struct text xml, struct dmarc_report *report, dmarc_row_take *take,
	void *context, struct reason *why);

/* A domain's bytes into lower case without a last dot; false, and "": it is none. */
bool dmarc_domain_read(struct text text, char domain[DMARC_DOMAIN_BYTES]);

/* Of a report: it does not end before it begins, nor a year behind that, nor days from now. */
bool dmarc_span_is_possible(uint64_t begin_s, uint64_t end_s, uint64_t now_s);
