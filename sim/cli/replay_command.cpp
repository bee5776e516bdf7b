// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/scenario/replay.hpp"
#include "core/trace/shaping.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt_guard.hpp"
#include "sim/cli/plugin_option.hpp"
#include "sim/cli/replay_text.hpp"
#include "sim/cli/run_arguments.hpp"
#include "sim/cli/run_output.hpp"
#include "sim/cli/scenario_file.hpp"
#include "sim/cli/worlds.hpp"
#include "sim/trace/capture_file.hpp"
#include "sim/trace/prefix_cipher.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

/// As they stand on the command line.
struct ReplayOptions {
    std::string capture;
    std::string server, protocol, to;
    std::string from, length, idle, udp_idle;
    std::string seed;
    double speed = 1;
    std::string service = "from-scenario";
    std::string anonymise;
    std::string workload;
    RunArguments run;  ///< with --scenario; its `output` is the trace file without
};

/// What they mean.
struct Replay {
    trace::ExtractorSettings extractor;
    trace::Shaping shaping;
    std::optional<std::uint64_t> seed{};
};

int refuse(const std::string& message) {
    fmt::print(stderr, "lvslab replay: {}\n", message);
    return bad_input;
}

// ---- the command line ----

/// Reads the options' values; a sentence for each that is wrong.
class OptionReader {
public:
    explicit OptionReader(const ReplayOptions& options) : options_(options) {}

    Replay read() {
        Replay replay;
        read_server(replay.extractor);
        read_time("--from", options_.from, [&](Duration d) { replay.shaping.from = d; });
        read_time("--for", options_.length, [&](Duration d) { replay.shaping.length = d; });
        read_time("--idle", options_.idle, [&](Duration d) { replay.extractor.tcp_idle = d; });
        read_time("--udp-idle", options_.udp_idle,
                  [&](Duration d) { replay.extractor.udp_idle = d; });
        constexpr double least = 1e-6, most = 1e6;
        if (!(options_.speed >= least && options_.speed <= most)) {
            wrong_.push_back(
                fmt::format("--speed {} is not from {} to {:.0f}", options_.speed, least, most));
        }
        replay.shaping.speed = options_.speed;
        replay.shaping.service = options_.service == "from-capture";
        read_anonymise(replay.shaping);
        read_seed(replay);
        check_scenario();
        return replay;
    }
    const std::vector<std::string>& wrong() const { return wrong_; }

private:
    void read_server(trace::ExtractorSettings& settings) {
        if (options_.protocol == "udp") {
            settings.protocol = Protocol::udp;
        }
        for (const auto& [name, text] :
             {std::pair<std::string_view, const std::string&>("--server", options_.server),
              {"--to", options_.to}}) {
            const auto endpoint = Endpoint::parse(text);
            if (!text.empty() && (!endpoint || endpoint->port == Port{})) {
                wrong_.push_back(fmt::format("{} \"{}\" is not ADDRESS:PORT", name, text));
            } else if (endpoint && name == "--server") {
                settings.server = *endpoint;
            }
        }
    }

    void read_time(std::string_view name, const std::string& text,
                   const std::function<void(Duration)>& take) {
        if (text.empty()) {
            return;
        }
        const auto time = parse_duration(text);
        const bool may_be_zero = name == "--from";
        if (!time || (!may_be_zero && *time == Duration::zero())) {
            wrong_.push_back(fmt::format("{} \"{}\" is no time, such as 90s", name, text));
        } else {
            take(*time);
        }
    }

    void read_anonymise(trace::Shaping& shaping) {
        if (options_.anonymise.empty()) {
            return;
        }
        auto key = options_.anonymise.size() == 2 * std::tuple_size_v<trace::PrefixCipher::Key>
                       ? trace::read_key(options_.anonymise)
                       : std::nullopt;
        std::string reason;
        if (!key) {
            const auto text = read_whole_file(options_.anonymise, reason);
            key = text ? trace::read_key(*text) : std::nullopt;
            if (!key && text) {
                reason = "holds no key";
            }
        }
        if (!key) {
            wrong_.push_back(
                fmt::format("--anonymise wants 64 hexadecimal digits, or a file with "
                            "them or with 32 bytes; {}: {}",
                            options_.anonymise, reason));
            return;
        }
        const auto cipher = std::make_shared<const trace::PrefixCipher>(*key);
        shaping.anonymise = [cipher](const Address& a) { return (*cipher)(a); };
    }

    void read_seed(Replay& replay) {
        const auto& text = options_.seed;
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc{} && end == text.data() + text.size()) {
            replay.seed = value;
        } else if (!text.empty()) {
            wrong_.push_back(
                fmt::format("--seed \"{}\" is no whole number from 0 to 2^64 - 1", text));
        }
    }

    void check_scenario() {
        const bool runs = !options_.run.scenario.empty();
        if (!runs &&
            (!options_.workload.empty() || !options_.seed.empty() || options_.run.scheduler)) {
            wrong_.emplace_back("--workload, --seed and --scheduler need --scenario");
        }
        if (runs && !options_.to.empty()) {
            wrong_.emplace_back("--to goes without --scenario: the workload says where it goes");
        }
        if (runs && options_.run.world == "kernel") {
            wrong_.emplace_back(
                "the kernel world reads its scenario from a file: write the trace, name it there "
                "(arrivals: trace FILE), and run that with lvslab run --world kernel");
        }
    }

    const ReplayOptions& options_;
    std::vector<std::string> wrong_;
};

// ---- the capture ----

/// Nothing if it cannot be read, having said why.
std::optional<trace::CaptureFile> open_capture(const std::string& path) {
    std::string reason;
    if (fs::is_directory(path)) {
        refuse(fmt::format("{}: is a folder, expected a capture (pcap or pcapng)", path));
        return std::nullopt;
    }
    auto capture = trace::CaptureFile::open(path, reason);
    if (!capture) {
        refuse(fmt::format("{}: {}", path, reason));
    }
    return capture;
}

/// Of what is not there that is as good as true.
bool can_be_read_twice(const std::string& path) {
    return !fs::exists(path) || fs::is_regular_file(path) || fs::is_directory(path);
}

/// The only service of the capture, or nothing, having said why.
bool find_server(const ReplayOptions& options, trace::ExtractorSettings& settings) {
    if (!can_be_read_twice(options.capture)) {
        refuse(fmt::format("{}: is no regular file and can be read once only: give --server",
                           options.capture));
        return false;
    }
    auto capture = open_capture(options.capture);
    if (!capture) {
        return false;
    }
    trace::ServiceCensus census;
    while (const auto frame = interrupted == 0 ? capture->next() : std::nullopt) {
        census.packet(trace::ip_of_frame(capture->link(), frame->bytes));
    }
    auto services = census.found();
    if (!options.protocol.empty()) {
        std::erase_if(services, [&](const trace::FoundService& s) {
            return s.protocol != settings.protocol;
        });
    }
    if (services.size() != 1) {
        refuse(services.empty()
                   ? fmt::format("{}: no connection and no UDP packet in it", options.capture)
                   : fmt::format("{}: more than one service in it; choose one\n{}", options.capture,
                                 services_text(services)));
        return false;
    }
    settings.server = services.front().server;
    settings.protocol = services.front().protocol;
    return true;
}

/// What is wrong in a capture, a line each on standard error; behind the first ones a number.
class DamageTeller {
public:
    explicit DamageTeller(const std::string& path) : path_(path) {}
    ~DamageTeller() {
        if (told_ > most) {
            fmt::print(stderr, "lvslab replay: {}: {} more packets are damaged\n", path_,
                       told_ - most);
        }
    }
    DamageTeller(const DamageTeller&) = delete;
    DamageTeller& operator=(const DamageTeller&) = delete;

    void tell(const std::string& sentence) {
        if (++told_ <= most) {
            fmt::print(stderr, "lvslab replay: {}: {}\n", path_, sentence);
        }
    }

private:
    static constexpr std::size_t most = 20;
    const std::string& path_;
    std::size_t told_ = 0;
};

/// Reads the capture, each connection of the window to `take`.
ReplayFindings extract(const std::string& path, trace::CaptureFile& capture, const Replay& replay,
                       const std::function<void(const trace::TracedConnection&)>& take) {
    ReplayFindings found;
    DamageTeller damage(path);
    trace::Extractor extractor(
        replay.extractor,
        [&](const trace::TracedConnection& connection) {
            const auto kept = trace::shaped(connection, replay.shaping);
            if (!kept) {
                ++found.outside;
                return;
            }
            ++found.connections;
            found.turns += kept->turns.size();
            for (const auto& turn : kept->turns) {
                found.request_bytes += turn.request_bytes;
                found.response_bytes += turn.response_bytes;
            }
            take(*kept);
        },
        [&](const trace::OddNumber& odd) { damage.tell(odd_number_text(odd)); });
    capture.tell_times([&](const std::string& sentence) { damage.tell(sentence); });
    std::optional<Duration> first;
    while (const auto frame = interrupted == 0 ? capture.next() : std::nullopt) {
        ++found.frames;
        first = first.value_or(frame->at);
        // Packets of several queues are a little out of order.
        const auto now = std::max(frame->at - *first, Duration::zero());
        found.captured = std::max(found.captured, now);
        const auto ip = trace::ip_of_frame(capture.link(), frame->bytes);
        if (ip.empty()) {
            ++found.without_ip;
        } else {
            const auto before_ip = frame->bytes.size() - ip.size();
            extractor.packet(now, ip, found.frames, frame->on_wire - before_ip);
        }
    }
    extractor.finish();
    capture.tell_times({});
    found.counts = extractor.counts();
    if (const auto& broken = capture.damage()) {
        fmt::print(stderr, "lvslab replay: {}: {}; what was read before is used\n", path, *broken);
    }
    return found;
}

int refuse_empty(const ReplayOptions& options, const Replay& replay, const ReplayFindings& found) {
    return refuse(fmt::format("no connection to replay; nothing is written\n{}",
                              findings_text(options.capture, replay.extractor, found)));
}

// ---- a trace file ----

/// A file that is there when it is whole.
class TraceFile {
public:
    explicit TraceFile(fs::path path)
        : path_(std::move(path)),
          partial_(path_.string() + ".partial"),
          file_(std::fopen(partial_.c_str(), "wb"), std::fclose) {}
    ~TraceFile() {
        if (file_) {
            file_.reset();
            std::error_code ignored;
            fs::remove(partial_, ignored);
        }
    }
    TraceFile(const TraceFile&) = delete;
    TraceFile& operator=(const TraceFile&) = delete;

    bool is_open() const { return file_ != nullptr; }
    void write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), file_.get()); }
    /// Why it could not be finished, or nothing.
    std::string finish() {
        errno = 0;
        const bool failed = std::ferror(file_.get()) != 0 || std::fflush(file_.get()) != 0;
        if (failed) {
            return errno != 0 ? std::strerror(errno) : "not all was written";
        }
        file_.reset();
        std::error_code error;
        fs::rename(partial_, path_, error);
        return error ? error.message() : std::string();
    }

private:
    fs::path path_, partial_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// Where the trace comes from. An anonymised one does not tell the server either.
std::string preamble(const ReplayOptions& options, const Replay& replay) {
    const auto server =
        replay.shaping.anonymise ? std::string("a service") : replay.extractor.server.to_string();
    auto text = fmt::format("{}\n# {} ({}) in {}\n", trace::trace_file_mark, server,
                            to_string(replay.extractor.protocol),
                            fs::path(options.capture).filename().string());
    text +=
        "# TIME CLIENT TURN..., a turn being [THINK+]REQUEST:RESPONSE[~SERVICE], sizes in "
        "bytes\n";
    return text;
}

fs::path trace_path(const ReplayOptions& options) {
    return options.run.output.empty()
               ? fs::path(options.capture).filename().replace_extension(".trace")
               : fs::path(options.run.output);
}

/// Says so if the trace may not be written there.
bool check_trace_path(const ReplayOptions& options) {
    const auto path = trace_path(options);
    const auto folder = path.parent_path();
    if (fs::is_directory(path)) {
        refuse(fmt::format("{}: is a folder, expected the name of a trace file", path.string()));
    } else if (fs::exists(path) && !options.run.force) {
        refuse(fmt::format("{}: is there already; --force writes over it", path.string()));
    } else if (!folder.empty() && !fs::is_directory(folder)) {
        refuse(fmt::format("{}: there is no folder {}", path.string(), folder.string()));
    } else {
        return true;
    }
    return false;
}

int write_trace(const ReplayOptions& options, const Replay& replay) {
    const auto path = trace_path(options);
    auto capture = open_capture(options.capture);
    if (!capture) {
        return bad_input;
    }
    TraceFile file(path);
    if (!file.is_open()) {
        return refuse(fmt::format("{}: {}", path.string(), std::strerror(errno)));
    }
    file.write(preamble(options, replay));
    const auto found = extract(options.capture, *capture, replay, [&](const auto& connection) {
        file.write(trace::line_of(connection));
    });
    if (interrupted != 0) {
        fmt::print(stderr, "lvslab replay: stopped; nothing is kept\n");
        return interrupted_run;
    }
    if (found.connections == 0) {
        return refuse_empty(options, replay, found);
    }
    if (const auto failure = file.finish(); !failure.empty()) {
        return refuse(fmt::format("{}: {}", path.string(), failure));
    }
    if (!options.run.quiet) {
        const auto to = options.to.empty() ? replay.extractor.server.to_string() : options.to;
        fmt::print(
            "{}\n{} is written; in a scenario beside it:\n"
            "workload:\n  replayed: {{ from: GROUP, to: \"{}\", arrivals: trace {} }}\n",
            findings_text(options.capture, replay.extractor, found), path.string(), to,
            path.filename().string());
    }
    return held;
}

// ---- a scenario with the capture in it ----

scenario::Workload* workload_to_replace(const ReplayOptions& options,
                                        scenario::Scenario& scenario) {
    auto& workloads = scenario.workloads;
    if (options.workload.empty() && workloads.size() == 1) {
        return workloads.data();
    }
    const auto found = std::ranges::find(workloads, options.workload, &scenario::Workload::name);
    if (found != workloads.end()) {
        return &*found;
    }
    std::string names;
    for (const auto& w : workloads) {
        names += (names.empty() ? "" : ", ") + w.name;
    }
    refuse(fmt::format("{} workload {}: name one of {} by --workload",
                       options.workload.empty() ? "more than one" : "there is no", options.workload,
                       names));
    return nullptr;
}

/// Everything that can be wrong without the capture, which may take long to read.
std::optional<scenario::Scenario> scenario_to_run(const ReplayOptions& options,
                                                  const Replay& replay) {
    auto scenario = load_scenario(options.run.scenario);
    fmt::print(stderr, "{}", scenario.diagnostics.to_string());
    if (!scenario) {
        return std::nullopt;
    }
    bool good = workload_to_replace(options, *scenario) != nullptr;
    auto wrong = objections(options.run, *scenario);
    if (options.run.world == "packet" && find_world("packet")->run == nullptr) {
        wrong.emplace_back(
            "this lvslab was built without the packet world (LVSLAB_PACKET_WORLD=OFF)");
    }
    const auto folder = output_folder(options.run, *scenario, replay.seed.value_or(scenario->seed));
    if (const auto objection = result_objection(folder); !options.run.force && !objection.empty()) {
        wrong.push_back(fmt::format("{}: {}", folder.string(), objection));
    }
    for (const auto& sentence : wrong) {
        refuse(sentence);
        good = false;
    }
    return good ? std::move(scenario.value) : std::nullopt;
}

int run_with(const ReplayOptions& options, const Replay& replay,
             std::optional<scenario::Scenario> scenario) {
    auto* workload = workload_to_replace(options, *scenario);
    if (workload->protocol != replay.extractor.protocol) {
        return refuse(fmt::format(
            "{} of the capture is {}, workload {} is {}", replay.extractor.server.to_string(),
            to_string(replay.extractor.protocol), workload->name, to_string(workload->protocol)));
    }
    auto capture = open_capture(options.capture);
    if (!capture) {
        return bad_input;
    }
    auto trace = std::make_shared<trace::Trace>();
    const auto found = extract(options.capture, *capture, replay,
                               [&](const auto& connection) { trace->add(connection); });
    if (interrupted != 0) {
        return interrupted_run;
    }
    if (found.connections == 0) {
        return refuse_empty(options, replay, found);
    }
    trace->finish();
    const auto& group = scenario->clients[workload->from];
    if (trace->clients() > group.count) {
        fmt::print(stderr,
                   "lvslab replay: {} clients in the capture, {} in {}: neighbours share "
                   "an address\n",
                   trace->clients(), group.count, group.name);
    }
    scenario::replay(std::move(trace), *workload);
    auto arguments = options.run;
    arguments.seed = replay.seed;
    if (!options.run.quiet) {
        fmt::print("{}\n", findings_text(options.capture, replay.extractor, found));
    }
    return run_scenario(arguments, *scenario);
}

int replay(const ReplayOptions& options) {
    OptionReader reader(options);
    auto meant = reader.read();
    for (const auto& sentence : reader.wrong()) {
        refuse(sentence);
    }
    // A capture may take long to read: everything else is looked at before.
    const bool runs = !options.run.scenario.empty();
    auto scenario = runs ? scenario_to_run(options, meant) : std::nullopt;
    bool good = reader.wrong().empty() && (runs ? scenario.has_value() : check_trace_path(options));
    if (can_be_read_twice(options.capture) && !open_capture(options.capture)) {
        good = false;
    }
    if (!good) {
        return bad_input;
    }
    const InterruptGuard guard;
    if (options.server.empty() && !find_server(options, meant.extractor)) {
        return interrupted != 0 ? interrupted_run : bad_input;
    }
    return runs ? run_with(options, meant, std::move(scenario)) : write_trace(options, meant);
}

}  // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
    // An empty value, as of a variable that is not set, is no option left out.
    const CLI::Validator given{
        [](const std::string& text) { return text.empty() ? "is empty" : std::string(); }, ""};
    auto options = std::make_shared<ReplayOptions>();
    auto* command = app.add_subcommand(
        "replay", "Make a workload of a capture of real traffic, or run a scenario with it");
    command->add_option("CAPTURE", options->capture, "pcap or pcapng file")->required();
    command
        ->add_option("--server", options->server,
                     "ADDRESS:PORT of the service (default: the only one in the capture)")
        ->check(given);
    command->add_option("--protocol", options->protocol, "of the service: tcp or udp")
        ->check(CLI::IsMember({"tcp", "udp"}));
    command
        ->add_option("--to", options->to,
                     "VIP:PORT in the printed lines of a workload (default: --server)")
        ->check(given);
    command
        ->add_option("--output", options->run.output,
                     "trace file (default: CAPTURE's name with .trace), or with --scenario the "
                     "folder of the result")
        ->check(given);
    command->add_option("--from", options->from, "leave out what begins earlier in the capture")
        ->check(given);
    command->add_option("--for", options->length, "leave out what begins later than this behind it")
        ->check(given);
    command
        ->add_option("--speed", options->speed, "arrivals and pauses come this many times as fast")
        ->capture_default_str();
    command
        ->add_option("--service", options->service,
                     "work of a request: from-capture (the server's answer times) or from-scenario")
        ->check(CLI::IsMember({"from-capture", "from-scenario"}))
        ->capture_default_str();
    command
        ->add_option("--anonymise", options->anonymise,
                     "KEY or FILE: clients' addresses by Crypto-PAn, prefixes preserved")
        ->check(given);
    command
        ->add_option("--idle", options->idle,
                     "a silent TCP connection counts as ended (default: 15min)")
        ->check(given);
    command
        ->add_option("--udp-idle", options->udp_idle,
                     "a silent UDP exchange counts as ended (default: 30s)")
        ->check(given);
    auto* scenario =
        command
            ->add_option("--scenario", options->run.scenario,
                         "run this scenario with the capture in the place of a workload")
            ->check(given);
    command->add_option("--workload", options->workload, "which one (default: the only one)")
        ->check(given);
    command->add_option("--world", options->run.world, "what runs it, as of lvslab run")
        ->check(CLI::IsMember({"packet", "flow", "kernel"}))
        ->needs(scenario)
        ->capture_default_str();
    command->add_option("--seed", options->seed, "as of lvslab run")->check(given);
    command->add_option("--scheduler", options->run.scheduler, "as of lvslab run")->check(given);
    add_plugin_option(*command, options->run.plugins);
    command->add_flag("--force", options->run.force, "write over what is there");
    command->add_flag("--quiet", options->run.quiet, "print nothing but errors");
    command->callback([options, &exit_code] {
        try {
            exit_code = replay(*options);
        } catch (const std::runtime_error& error) {
            exit_code = refuse(error.what());
        }
    });
}

}  // namespace lvslab::cli
