# Included by the top Makefile: bench = make the captures that are missing, then measure; bench/hostile makes its own.
# bench-live and bench-soak likewise, in network namespaces; both need root.
BENCH_DIR     ?= build/bench
BENCH_OPTIONS ?=
BENCH_MINUTES ?= 30
BENCH_PEERS   := $(addprefix $(BUILD)/bench/live/,blast junk ring_count pcap_count accept_loop)
BENCH_PARTS   := $(patsubst bench/%.c,$(BUILD)/bench/%.o,$(filter-out bench/pcaploop.c,$(wildcard bench/*.c)))
BENCH_CASES   := $(addprefix $(BENCH_DIR)/,mixed.pcap small.pcap mail.pcap dialogues.pcap)

$(BUILD)/bench/%.o: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bench/generate: $(BENCH_PARTS)
	$(CC) $(LDFLAGS) -o $@ $^

$(BUILD)/bench/pcaploop: $(BUILD)/bench/pcaploop.o
	$(CC) $(LDFLAGS) -o $@ $^ -lpcap

# Order-only: a rebuilt generator does not make a capture old, `make bench-clean` does.
$(BENCH_DIR)/%.pcap: | $(BUILD)/bench/generate
	@mkdir -p $(@D)
	$(BUILD)/bench/generate $* $@.part
	@mv $@.part $@

bench: $(BUILD)/mailwarden $(BUILD)/bench/pcaploop $(BENCH_CASES)
	bench/run --build $(BUILD) --dir $(BENCH_DIR) $(BENCH_OPTIONS)
	bench/hostile --binary $(BUILD)/mailwarden
	bench/lists --binary $(BUILD)/mailwarden
	bench/report --binary $(BUILD)/mailwarden
	bench/dmarc --binary $(BUILD)/mailwarden

$(BUILD)/bench/live/blast: $(addprefix $(BUILD)/bench/live/,cross.o frames.o)
$(BENCH_PEERS): $(BUILD)/bench/live/%: $(BUILD)/bench/live/%.o
	$(CC) $(LDFLAGS) -o $@ $^ -lpcap -lnetfilter_queue -lnfnetlink

# Short enough that a sender comes round often.
$(BENCH_DIR)/part.pcap: | $(BUILD)/bench/generate
	@mkdir -p $(@D)
	$(BUILD)/bench/generate mixed $@.part --scale 0.05
	@mv $@.part $@

bench-live: $(BUILD)/mailwarden $(BENCH_PEERS) $(BENCH_DIR)/mixed.pcap
	bench/live/inline --build $(BUILD) $(BENCH_OPTIONS)
	bench/live/mirror --build $(BUILD) $(BENCH_OPTIONS) $(BENCH_DIR)/mixed.pcap
	bench/live/shunt --build $(BUILD)
	bench/live/flood --build $(BUILD)
	bench/live/inline_flood --build $(BUILD)
	bench/live/latency --build $(BUILD)

bench-soak: $(BUILD)/mailwarden $(BENCH_PEERS) $(BENCH_DIR)/part.pcap
	bench/live/soak --build $(BUILD) --minutes $(BENCH_MINUTES) $(BENCH_DIR)/part.pcap

bench-clean:
	rm -rf $(BENCH_DIR)

.PHONY: bench bench-live bench-soak bench-clean
