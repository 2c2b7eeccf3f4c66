#include "commands/export.h"

#include "control/gate.h"

#include <inttypes.h>
#include <stdio.h>

static void print_iptables_copies(const struct export *export)
{
	if (!export_has_groups(export)) {
		return;
	}
	(void)puts(
		"# one of which nothing will be blocked goes on, and the sensor gets "
		"copies");
	for (uint32_t i = export->first; i <= export->last; i++) {
		const uint32_t mark = GATE_MARK_COPIED | GATE_MARK_GROUP(i);
		(void)printf("-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32
			     "/0x%" PRIx32 " -j NFLOG --nflog-group %u\n",
			mark, GATE_MARK_COPIED_MASK, GATE_LOG_GROUP(i));
	}
	(void)printf("-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j RETURN\n",
		GATE_MARK_COPIED, GATE_MARK_COPIED);
}

/*
 * The sensor has the first packet of them go through the chain again, with the mark. Copies
 * of the later ones let it reset who goes on; a flood of them is not worth that.
 */
static void print_iptables_ended(const struct export *export)
{
	(void)printf("# a connection that the sensor ended stays ended, as long as the "
		     "kernel "
		     "knows it\n"
		     "-A MAILWARDEN -p tcp -m mark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j CONNMARK --save-mark --nfmask 0x%" PRIx32
		     " --ctmask 0x%" PRIx32 "\n"
		     "-A MAILWARDEN -p tcp -m mark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j DROP\n"
		     "-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j MARK --or-mark 0x%" PRIx32 "\n"
		     "-A MAILWARDEN -p tcp -m mark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -m limit --limit 1000/second --limit-burst 1000 -j NFLOG "
		     "--nflog-group %u\n"
		     "-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j DROP\n",
		GATE_MARK_ENDED, GATE_MARK_ENDED, GATE_MARK_ENDED_MASK,
		GATE_MARK_ENDED_MASK, GATE_MARK_ENDED, GATE_MARK_ENDED,
		GATE_MARK_ENDED_MASK, GATE_MARK_ENDED_MASK, GATE_MARK_ENDED,
		GATE_MARK_ENDED, GATE_MARK_ENDED, GATE_LOG_GROUP(export->first),
		GATE_MARK_ENDED, GATE_MARK_ENDED);
}

/*
 * Bulk to a silent server: its client's packets pass unseen, and the server's bare
 * acknowledgements, which carry no PSH and are short. Anything else takes the flow back.
 */
static void print_iptables_silent(void)
{
	(void)printf(
		"# of bulk to a silent server only the server's first word is seen, "
		"and all behind it\n"
		"-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		" -m conntrack --ctdir ORIGINAL "
		"-m tcp --tcp-flags FIN,RST NONE -j RETURN\n"
		"-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		" -m conntrack --ctdir REPLY "
		"-m tcp --tcp-flags FIN,RST,PSH NONE -m length --length 0:%d "
		"-j RETURN\n"
		"-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		" -j CONNMARK --set-xmark 0x0/0x%" PRIx32 "\n",
		GATE_MARK_SILENT, GATE_MARK_SILENT, GATE_MARK_SILENT, GATE_MARK_SILENT,
		EXPORT_ACKNOWLEDGEMENT_BYTES, GATE_MARK_SILENT, GATE_MARK_SILENT,
		GATE_MARK_SILENT);
}

static void print_iptables_save(uint32_t mark, uint32_t mask)
{
	(void)printf("-A MAILWARDEN-SAVE -m mark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j CONNMARK --save-mark --nfmask 0x%" PRIx32
		     " --ctmask 0x%" PRIx32 "\n",
		mark, mark, mask, mask);
}

/* Without payload for certain: as long as the headers are at least. */
static void print_iptables_bare(char family, unsigned len)
{
	(void)printf("-A MAILWARDEN -%c -p tcp -m connmark --mark 0x%" PRIx32
		     "/0x%" PRIx32 " -m tcp --tcp-flags SYN,RST NONE -m length "
		     "--length %u:%u -j RETURN\n"
		     "-A MAILWARDEN -%c -p tcp -m connmark --mark 0x%" PRIx32
		     "/0x%" PRIx32 " -m tcp --tcp-flags SYN,RST NONE --tcp-option 8 "
		     "-m length --length %u:%u -j RETURN\n",
		family, GATE_MARK_OPENED, GATE_MARK_OPENED, len, len, family,
		GATE_MARK_OPENED, GATE_MARK_OPENED, len + EXPORT_TIMESTAMP_BYTES,
		len + EXPORT_TIMESTAMP_BYTES);
}

static void print_iptables_opening(char family, unsigned longest, uint32_t limit)
{
	(void)printf("-A MAILWARDEN -%c -p tcp -m tcp --syn -m conntrack --ctstate NEW "
		     "-m length --length 0:%u -m hashlimit --hashlimit-above %" PRIu32
		     "/second --hashlimit-burst %" PRIu32
		     " --hashlimit-name mailwarden-syn -j CONNMARK --set-xmark "
		     "0x%" PRIx32 "/0x%" PRIx32 "\n"
		     "-A MAILWARDEN -%c -p tcp -m tcp --syn -m length --length 0:%u "
		     "-m connmark --mark 0x%" PRIx32 "/0x%" PRIx32 " -j RETURN\n",
		family, longest, limit, limit, GATE_MARK_OPENED, GATE_MARK_OPENED,
		family, longest, GATE_MARK_OPENED, GATE_MARK_OPENED);
}

/*
 * Openings carry nothing, and there are no two sides yet to be fair to. Above a number of
 * all sources they go on unseen, with their answers, and bare acknowledgements; so no flood
 * of them takes the place of others' words. What is said first is shown, but for what a
 * client says where its server greets: that comes again behind the greeting.
 */
static void print_iptables_openings(const struct export *export)
{
	const uint32_t limit = export->limit * EXPORT_LIMIT_OPENINGS;
	const uint32_t mark = GATE_MARK_OPENED;
	(void)puts(
		"# openings carry nothing: above so many in all they go on unseen, and "
		"their answers; then the server's first word is waited for");
	print_iptables_opening('4', EXPORT_OPENING_BYTES, limit);
	print_iptables_opening('6', EXPORT_OPENING_BYTES + EXPORT_IPV6_BYTES, limit);
	print_iptables_bare('4', EXPORT_BARE_BYTES);
	print_iptables_bare('6', EXPORT_BARE_BYTES + EXPORT_IPV6_BYTES);
	(void)printf("-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -m conntrack --ctdir REPLY -m tcp --tcp-flags SYN,ACK SYN,ACK "
		     "-j RETURN\n"
		     "-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -m tcp --tcp-flags RST RST -j RETURN\n"
		     "-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -m conntrack --ctdir ORIGINAL -m multiport --dports %s -j DROP\n"
		     "-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j CONNMARK --set-xmark 0x0/0x%" PRIx32 "\n",
		mark, mark, mark, mark, mark, mark, EXPORT_GREETING_PORTS, mark, mark,
		mark);
}

static void print_iptables_limit(const struct export *export)
{
	static const char NEW[] =
		"-m conntrack --ctstate NEW,INVALID -m hashlimit --hashlimit-above";
	/*
	 * Whoever finds no room in it is dropped: it has some for 350,000 made-up sources
	 * a second. A source that rests for a second has all of its burst again.
	 */
	static const char TABLE[] =
		"--hashlimit-htable-size 65536 --hashlimit-htable-max 524288 "
		"--hashlimit-htable-expire 1000 --hashlimit-htable-gcinterval 500";
	const uint32_t limit = export->limit;
	const uint32_t midstream = limit * EXPORT_LIMIT_MIDSTREAM;
	if (limit == 0) {
		return;
	}
	(void)printf("# what begins in the middle may be of anybody; then each source "
		     "alone\n"
		     "-A MAILWARDEN -p tcp -m tcp ! --syn %s %" PRIu32
		     "/second --hashlimit-burst %" PRIu32
		     " --hashlimit-name mailwarden-all -j DROP\n",
		NEW, midstream, midstream);
	(void)printf("-A MAILWARDEN -4 -p tcp %s %" PRIu32
		     "/second --hashlimit-burst %" PRIu32
		     " --hashlimit-mode srcip --hashlimit-name mailwarden %s -j DROP\n",
		NEW, limit, limit, TABLE);
	(void)printf("-A MAILWARDEN -6 -p tcp %s %" PRIu32
		     "/second --hashlimit-burst %" PRIu32
		     " --hashlimit-mode srcip --hashlimit-srcmask 64 --hashlimit-name "
		     "mailwarden %s -j DROP\n",
		NEW, limit, limit, TABLE);
	(void)printf("# look-ups carry no mail: so many in all are seen, the others go "
		     "on\n"
		     "-A MAILWARDEN -p udp -m udp --dport 53 -m hashlimit "
		     "--hashlimit-above %" PRIu32 "/second --hashlimit-burst %" PRIu32
		     " --hashlimit-name mailwarden-dns -j RETURN\n",
		limit * EXPORT_LIMIT_LOOKUPS, limit * EXPORT_LIMIT_LOOKUPS);
	print_iptables_openings(export);
}

static void print_iptables_tunnels(const struct export *export, const char *queue)
{
	static const unsigned PROTOCOLS[] = EXPORT_TUNNEL_PROTOCOLS;
	if (export->tunnels == EXPORT_TUNNELS_PASS) {
		return;
	}
	const char *target = export->tunnels == EXPORT_TUNNELS_DROP ? "-j DROP" : queue;
	(void)puts("# tunnels: there may be mail inside");
	for (size_t i = 0; i < sizeof(PROTOCOLS) / sizeof(PROTOCOLS[0]); i++) {
		(void)printf("-A MAILWARDEN -p %u %s\n", PROTOCOLS[i], target);
	}
	(void)printf("-A MAILWARDEN -p udp -m multiport --ports %s %s\n",
		EXPORT_TUNNEL_PORTS, target);
}

static void print_iptables_head(const struct export *export)
{
	const char *chains = export->is_local ? "FORWARD INPUT OUTPUT" : "FORWARD";
	(void)printf(
		"# mailwarden inline, for iptables-restore --noflush and "
		"ip6tables-restore --noflush.\n"
		"# Loaded twice there are two jumps. Back out, likewise with "
		"ip6tables:\n"
		"#   for chain in %s; do while iptables -t mangle -D $chain -j "
		"MAILWARDEN; do :; done; done\n"
		"#   while iptables -t mangle -D POSTROUTING -j MAILWARDEN-SAVE; do "
		":; done\n"
		"#   iptables -t mangle -F MAILWARDEN; "
		"iptables -t mangle -X MAILWARDEN\n"
		"#   iptables -t mangle -F MAILWARDEN-SAVE; "
		"iptables -t mangle -X MAILWARDEN-SAVE\n"
		"*mangle\n"
		":MAILWARDEN - [0:0]\n"
		":MAILWARDEN-SAVE - [0:0]\n",
		chains);
	(void)printf("# what the sensor itself sends to end a connection\n"
		     "-A MAILWARDEN -m mark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j RETURN\n",
		GATE_MARK_INJECTED, GATE_MARK_INJECTED);
	if (export->is_local) {
		(void)puts("# the host with itself\n"
			   "-A MAILWARDEN -i lo -j RETURN\n"
			   "-A MAILWARDEN -o lo -j RETURN");
	}
}

static void print_iptables_foot(const struct export *export)
{
	(void)puts("# the sensor marks a packet of a decided flow: keep it with the "
		   "flow");
	print_iptables_save(GATE_MARK_PASSED, GATE_MARK_PASSED);
	print_iptables_save(GATE_MARK_SILENT, GATE_MARK_SILENT);
	print_iptables_save(GATE_MARK_ENDED, GATE_MARK_ENDED_MASK);
	if (export_has_groups(export)) {
		print_iptables_save(GATE_MARK_COPIED, GATE_MARK_COPIED_MASK);
	}
	(void)fputs(
		export->is_local
			? "# Also what this host itself sends and gets: connections "
			  "that are to stay out of the\n"
			  "# queue (of the sensor's outputs, ssh) need rules in front "
			  "of these.\n"
			  "-A INPUT -j MAILWARDEN\n"
			  "-A OUTPUT -j MAILWARDEN\n"
			: "# Only what passes through is queued, so the sensor's own "
			  "records, sent from this host, are not.\n",
		stdout);
	(void)fputs("-A FORWARD -j MAILWARDEN\n"
		    "-A POSTROUTING -j MAILWARDEN-SAVE\n"
		    "COMMIT\n",
		stdout);
}

void export_iptables(const struct export *export)
{
	char numbers[48];
	char queue[80];
	(void)snprintf(numbers, sizeof(numbers),
		export->first == export->last ? "--queue-num %u"
					      : "--queue-balance %u:%u",
		export->first, export->last);
	(void)snprintf(queue, sizeof(queue), "-j NFQUEUE %s%s", numbers,
		export->is_fail_closed ? "" : " --queue-bypass");
	print_iptables_head(export);
	print_iptables_ended(export);
	(void)printf("# a decided flow is not seen again, but for its end\n"
		     "-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -m tcp --tcp-flags FIN,RST NONE -j RETURN\n",
		GATE_MARK_PASSED, GATE_MARK_PASSED);
	print_iptables_silent();
	print_iptables_copies(export);
	print_iptables_limit(export);
	(void)printf("-A MAILWARDEN -p tcp %s\n"
		     "# look-ups of mail servers, and what names lead to\n"
		     "-A MAILWARDEN -p udp -m udp --dport 53 %s\n"
		     "-A MAILWARDEN -p udp -m udp --sport 53 %s\n",
		queue, queue, queue);
	print_iptables_tunnels(export, queue);
	print_iptables_foot(export);
}
