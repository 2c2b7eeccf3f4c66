/*
 * pcap_count - the plain libpcap peer of a live capture: pcap_loop and a counter.
 *
 *     pcap_count IFACE
 *
 * With a ring as large as the sensor's. Ends on SIGTERM; one line: packets, lost.
 */
#include <pcap/pcap.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#define RING_BYTES (64 << 20)
#define TIMEOUT_MS 20

static pcap_t *pcap;

static void end(int signal)
{
	(void)signal;
	pcap_breakloop(pcap);
}

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	(void)header;
	(void)bytes;
	++*(uint64_t *)(void *)user;
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	uint64_t packets = 0;
	if (argc != 2) {
		(void)fputs("usage: pcap_count IFACE\n", stderr);
		return 2;
	}
	pcap = pcap_create(argv[1], error);
	if (!pcap || pcap_set_buffer_size(pcap, RING_BYTES) != 0 ||
		pcap_set_timeout(pcap, TIMEOUT_MS) != 0 || pcap_activate(pcap) < 0) {
		(void)fprintf(
			stderr, "pcap_count: %s\n", pcap ? pcap_geterr(pcap) : error);
		return 3;
	}
	const struct sigaction action = {.sa_handler = end}; /* no SA_RESTART */
	(void)sigaction(SIGTERM, &action, NULL);
	(void)puts("ready");
	(void)fflush(stdout);
	(void)pcap_loop(pcap, -1, count, (u_char *)&packets);
	struct pcap_stat stats = {0};
	(void)pcap_stats(pcap, &stats);
	(void)printf(
		"%llu packets, %u lost\n", (unsigned long long)packets, stats.ps_drop);
	pcap_close(pcap);
	return 0;
}
