# make demo   set up, build, and watch a recorded call handled end to end
# make run    set up, build, and leave the gateway running
# make bench-whisper  what whisper of the real sizes costs, with random weights
# make bench-core  what the action core costs beside what is wanted of it: steps a second, permissions, plans, memory
# make bench-understanding  how well callers are understood, with sentences that were not learnt, and what a large pack costs
# make bench-sip  what telephony costs on one core beside what is wanted: set-ups, legs, bridges, memory, 20,000 calls
# make faults  kill the action core and the demo's systems 1,000 plans long, and look for lost and doubled effects
# make fuzz   feed the parsers with chance: TIME seconds each (60), JOBS at once (2), ARGS names some of sip sdp rtp rtcp dtmf
# make test   set up and run everything: format, lints, unit, simulated and wire tests, docs
# make bench-turns   measure turn-taking: CALLS, CONTROL_CALLS and CONCURRENT set how much, ARGS goes to `callwright load`
.PHONY: demo run test build setup models bench-core bench-sip bench-turns bench-understanding bench-whisper faults fuzz clean

CALLWRIGHT = target/debug/callwright
CARGO ?= cargo
# One build serves demo, run and test: libraries are optimised in it, see the profiles in Cargo.toml. The whole workspace chooses their
# features, for by itself the program would have others, and the tests would build thirty of them and all of ours once more.
BUILD = $(CARGO) build --locked --workspace --bin callwright

demo: build
	$(CALLWRIGHT) demo $(ARGS)

run: build
	$(CALLWRIGHT) serve --demo $(ARGS)

build: setup
	$(BUILD)
	@$(MAKE) --no-print-directory models

setup:
	scripts/setup

# Without the model file a weaker detector inside the program is used, so a machine without network still runs.
models:
	@$(CALLWRIGHT) models fetch silero-vad || echo "models: going on without silero-vad; the built-in detector is weaker in noise"

# A test over sockets waits for what is spoken and leaves its core idle, so that twice as many as there are cores run at once.
test: export RUST_TEST_THREADS ?= $(shell expr 2 \* $$(nproc))
test:
	scripts/setup --tests
	$(CARGO) fmt --all --check
	$(BUILD)
	@$(MAKE) --no-print-directory models
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) test --locked --workspace --no-fail-fast
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet

bench-turns: build
	CALLWRIGHT=$(CALLWRIGHT) scripts/bench-turns

# A minute, after a release build of the action core alone. The disk of target/bench is measured, so it should be the journal's.
bench-core: setup
	$(CARGO) run --locked --release -p callwright-benches --no-default-features --features core --bin action-core -- $(ARGS)

# A minute after a small release build. ARGS="--wrong" lists what was read wrongly.
bench-understanding:
	$(CARGO) run --locked --release -p callwright-benches --no-default-features --features understanding --bin understanding -- $(ARGS)

# Ten minutes after a release build, of which sipp's 20,000 calls take two and a half. ARGS="--soak 0" leaves those out.
bench-sip:
	scripts/setup --tests
	$(CARGO) build --locked --release -p callwright
	$(CARGO) run --locked --release -p callwright-benches --no-default-features --features sip --bin sip -- $(ARGS)

# Five minutes. ARGS="--plans 80 --stores 8" is a short one, "--seed 2" another one.
faults: build
	$(CARGO) run --locked -p callwright-tests --bin faults -- $(ARGS)

# Twenty minutes in real time, and half an hour where the larger sizes are too slow for the machine: 36 runs of 26 s and the wait for
# what is outstanding. Wants the machine to itself. ARGS="--sizes tiny --seconds 10" is a short one.
bench-whisper: setup
	$(CARGO) run --locked -p callwright-benches --bin whisper -- $(ARGS)

fuzz: setup
	CARGO="$(CARGO)" scripts/fuzz $(ARGS)

clean:
	$(CARGO) clean
