#include "commands/export.h"

#include "control/gate.h"

#include <inttypes.h>
#include <stdio.h>

static void print_nftables_copies(const struct export *export)
{
	if (!export_has_groups(export)) {
		return;
	}
	(void)puts("\t\t# one of which nothing will be blocked goes on, and the sensor "
		   "gets copies");
	for (uint32_t i = export->first; i <= export->last; i++) {
		const uint32_t mark = GATE_MARK_COPIED | GATE_MARK_GROUP(i);
		(void)printf("\t\tmeta l4proto tcp ct mark and 0x%" PRIx32
			     " == 0x%" PRIx32 " log group %u return\n",
			GATE_MARK_COPIED_MASK, mark, GATE_LOG_GROUP(i));
	}
}

static void print_nftables_silent(void)
{
	(void)printf("\t\t# of bulk to a silent server only the server's first word is "
		     "seen, and all behind it\n"
		     "\t\tmeta l4proto tcp ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct direction original tcp flags & (fin | rst) == 0x0 return\n"
		     "\t\tmeta l4proto tcp ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct direction reply tcp flags & (fin | rst | psh) == 0x0 "
		     "meta length <= %d return\n"
		     "\t\tmeta l4proto tcp ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct mark set ct mark and 0x%" PRIx32 "\n",
		GATE_MARK_SILENT, GATE_MARK_SILENT, GATE_MARK_SILENT, GATE_MARK_SILENT,
		EXPORT_ACKNOWLEDGEMENT_BYTES, GATE_MARK_SILENT, GATE_MARK_SILENT,
		~GATE_MARK_SILENT);
}

/* A rule for each value that is kept with the connection: nft has no two that vary. */
static void print_nftables_keep(uint32_t mark, const char *then)
{
	(void)printf("\t\tmeta l4proto tcp meta mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct mark set ct mark and 0x%" PRIx32 " or 0x%" PRIx32 "%s\n",
		GATE_MARK_ENDED_MASK, mark, ~GATE_MARK_ENDED_MASK, mark, then);
}

static void print_nftables_ended(const struct export *export)
{
	(void)puts(
		"\t\t# a connection that the sensor ended stays ended, as long as the "
		"kernel knows it");
	print_nftables_keep(GATE_MARK_ENDED, " drop");
	print_nftables_keep(GATE_MARK_ENDED_MASK, " drop");
	(void)printf(
		"\t\tmeta l4proto tcp ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		" limit rate 1000/second burst 1000 packets meta mark set meta mark "
		"or 0x%" PRIx32 " log group %u\n"
		"\t\tmeta l4proto tcp ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		" drop\n",
		GATE_MARK_ENDED_MASK, GATE_MARK_ENDED_MASK, GATE_MARK_ENDED,
		GATE_LOG_GROUP(export->first), GATE_MARK_ENDED, GATE_MARK_ENDED);
}

static void print_nftables_save(const struct export *export)
{
	(void)printf("\t\tmeta mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct mark set ct mark or 0x%" PRIx32 "\n",
		GATE_MARK_SILENT, GATE_MARK_SILENT, GATE_MARK_SILENT);
	print_nftables_keep(GATE_MARK_ENDED, "");
	print_nftables_keep(GATE_MARK_ENDED_MASK, "");
	for (uint32_t i = export->first; export_has_groups(export) && i <= export->last;
		i++) {
		const uint32_t mark = GATE_MARK_COPIED | GATE_MARK_GROUP(i);
		(void)printf("\t\tmeta mark and 0x%" PRIx32 " == 0x%" PRIx32
			     " ct mark set ct mark and 0x%" PRIx32 " or 0x%" PRIx32
			     "\n",
			GATE_MARK_COPIED_MASK, mark, ~GATE_MARK_COPIED_MASK, mark);
	}
}

/* Bare: without payload for certain, as long as the headers are at least. */
static void print_nftables_opening(const char *family, unsigned extra, uint32_t limit)
{
	(void)printf(
		"\t\tmeta nfproto %s meta length <= %u tcp flags & (fin | syn | rst "
		"| ack) == syn ct state new limit rate over %" PRIu32
		"/second burst %" PRIu32 " packets counter ct mark set ct mark or "
		"0x%" PRIx32 "\n"
		"\t\tmeta nfproto %s meta length <= %u tcp flags & (fin | syn | rst "
		"| ack) == syn ct mark and 0x%" PRIx32 " == 0x%" PRIx32 " return\n"
		"\t\tmeta nfproto %s meta length %u tcp flags & (syn | rst) == 0x0 "
		"ct mark and 0x%" PRIx32 " == 0x%" PRIx32 " return\n"
		"\t\tmeta nfproto %s meta length %u tcp flags & (syn | rst) == 0x0 "
		"tcp option timestamp exists ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		" return\n",
		family, EXPORT_OPENING_BYTES + extra, limit, limit, GATE_MARK_OPENED,
		family, EXPORT_OPENING_BYTES + extra, GATE_MARK_OPENED,
		GATE_MARK_OPENED, family, EXPORT_BARE_BYTES + extra, GATE_MARK_OPENED,
		GATE_MARK_OPENED, family,
		EXPORT_BARE_BYTES + EXPORT_TIMESTAMP_BYTES + extra, GATE_MARK_OPENED,
		GATE_MARK_OPENED);
}

static void print_nftables_openings(const struct export *export)
{
	const uint32_t limit = export->limit * EXPORT_LIMIT_OPENINGS;
	const uint32_t mark = GATE_MARK_OPENED;
	(void)puts(
		"\t\t# openings carry nothing: above so many in all they go on unseen, "
		"and their answers; then the server's first word is waited for");
	print_nftables_opening("ipv4", 0, limit);
	print_nftables_opening("ipv6", EXPORT_IPV6_BYTES, limit);
	(void)printf("\t\tct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct direction reply tcp flags & (syn | ack) == syn | ack return\n"
		     "\t\tct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " tcp flags & rst == rst return\n"
		     "\t\tct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct direction original tcp dport { %s } drop\n"
		     "\t\tct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct mark set ct mark and 0x%" PRIx32 "\n",
		mark, mark, mark, mark, mark, mark, EXPORT_GREETING_PORTS, mark, mark,
		~mark);
}

static void print_nftables_limit(const struct export *export)
{
	const uint32_t limit = export->limit;
	const uint32_t midstream = limit * EXPORT_LIMIT_MIDSTREAM;
	if (limit == 0) {
		return;
	}
	(void)printf("\t\t# what begins in the middle may be of anybody; then each "
		     "source alone\n"
		     "\t\tct state new,invalid tcp flags & (fin | syn | rst | ack) "
		     "!= syn limit rate over %" PRIu32 "/second burst %" PRIu32
		     " packets drop\n",
		midstream, midstream);
	(void)printf("\t\tct state new,invalid meta l4proto tcp add @sources { ip "
		     "saddr limit rate over %" PRIu32 "/second burst %" PRIu32
		     " packets } drop\n",
		limit, limit);
	(void)printf("\t\tct state new,invalid meta l4proto tcp add @sources6 { ip6 "
		     "saddr and ffff:ffff:ffff:ffff:: limit rate over %" PRIu32
		     "/second burst %" PRIu32 " packets } drop\n",
		limit, limit);
	(void)printf(
		"\t\t# look-ups carry no mail: so many in all are seen, the others "
		"go on\n"
		"\t\tudp dport 53 limit rate over %" PRIu32 "/second burst %" PRIu32
		" packets return\n",
		limit * EXPORT_LIMIT_LOOKUPS, limit * EXPORT_LIMIT_LOOKUPS);
	print_nftables_openings(export);
}

static void print_nftables_sources(const struct export *export)
{
	if (export->limit == 0) {
		return;
	}
	(void)puts("\tset sources {\n"
		   "\t\ttype ipv4_addr; flags dynamic,timeout; size 262144; timeout "
		   "2s;\n"
		   "\t}\n"
		   "\tset sources6 {\n"
		   "\t\ttype ipv6_addr; flags dynamic,timeout; size 262144; timeout "
		   "2s;\n"
		   "\t}");
}

static void print_nftables_tunnels(const struct export *export, const char *queue)
{
	static const unsigned PROTOCOLS[] = EXPORT_TUNNEL_PROTOCOLS;
	if (export->tunnels == EXPORT_TUNNELS_PASS) {
		return;
	}
	const char *target = export->tunnels == EXPORT_TUNNELS_DROP ? "drop" : queue;
	(void)puts("\t\t# tunnels: there may be mail inside");
	for (size_t i = 0; i < sizeof(PROTOCOLS) / sizeof(PROTOCOLS[0]); i++) {
		(void)printf("\t\tmeta l4proto %u %s\n", PROTOCOLS[i], target);
	}
	(void)printf("\t\tudp dport { %s } %s\n"
		     "\t\tudp sport { %s } %s\n",
		EXPORT_TUNNEL_PORTS, target, EXPORT_TUNNEL_PORTS, target);
}

/* What is looked at of packets: the same wherever they are met. */
static void print_nftables_watch(const struct export *export)
{
	char queue[64];
	char numbers[32];
	(void)snprintf(numbers, sizeof(numbers),
		export->first == export->last ? "%u" : "%u-%u", export->first,
		export->last);
	(void)snprintf(queue, sizeof(queue), "queue %sto %s",
		export->is_fail_closed ? "" : "flags bypass ", numbers);
	(void)printf("\tchain watch {\n"
		     "\t\t# what the sensor itself sends to end a connection\n"
		     "\t\tmeta mark and 0x%" PRIx32 " == 0x%" PRIx32 " return\n",
		GATE_MARK_INJECTED, GATE_MARK_INJECTED);
	print_nftables_ended(export);
	(void)printf("\t\t# a decided flow is not seen again, but for its end\n"
		     "\t\tct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " tcp flags & (fin | rst) == 0x0 return\n",
		GATE_MARK_PASSED, GATE_MARK_PASSED);
	print_nftables_silent();
	print_nftables_copies(export);
	print_nftables_limit(export);
	(void)printf("\t\tmeta l4proto tcp %s\n"
		     "\t\t# look-ups of mail servers, and what names lead to\n"
		     "\t\tudp dport 53 %s\n"
		     "\t\tudp sport 53 %s\n",
		queue, queue, queue);
	print_nftables_tunnels(export, queue);
	(void)puts("\t}");
}

static void print_nftables_hook(const char *hook, const char *but)
{
	(void)printf("\tchain %s {\n"
		     "\t\ttype filter hook %s priority mangle; policy accept;\n"
		     "\t\t%sjump watch\n"
		     "\t}\n",
		hook, hook, but);
}

static void print_nftables_hooks(const struct export *export)
{
	print_nftables_hook("forward", "");
	if (export->is_local) {
		print_nftables_hook("input", "iif != lo ");
		print_nftables_hook("output", "oif != lo ");
	}
}

void export_nftables(const struct export *export)
{
	(void)puts("# mailwarden inline, for nft -f. Back out: nft delete table inet "
		   "mailwarden\n"
		   "table inet mailwarden\n"
		   "delete table inet mailwarden\n"
		   "table inet mailwarden {");
	print_nftables_sources(export);
	print_nftables_watch(export);
	print_nftables_hooks(export);
	(void)printf(
		"\tchain save {\n"
		"\t\ttype filter hook postrouting priority mangle; policy accept;\n"
		"\t\t# the sensor marks a packet of a decided flow: keep it with "
		"the flow\n"
		"\t\tmeta mark and 0x%" PRIx32 " == 0x%" PRIx32
		" ct mark set ct mark or 0x%" PRIx32 "\n",
		GATE_MARK_PASSED, GATE_MARK_PASSED, GATE_MARK_PASSED);
	print_nftables_save(export);
	(void)fputs(export->is_local
			    ? "\t}\n"
			      "\t# Also what this host itself sends and gets: "
			      "connections that are to stay out of the queue\n"
			      "\t# (of the sensor's outputs, ssh) need rules in front "
			      "of these.\n"
			      "}\n"
			    : "\t}\n"
			      "\t# Only what passes through is queued, so the "
			      "sensor's own records, sent from this host, are not.\n"
			      "}\n",
		stdout);
}
