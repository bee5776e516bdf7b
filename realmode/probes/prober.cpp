// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/prober.hpp"

#include <utility>
#include <variant>

#include "realmode/probes/connect_probe.hpp"
#include "realmode/probes/http_probe.hpp"
#include "realmode/probes/program_probe.hpp"

namespace lvslab::realmode {
namespace {

constexpr std::chrono::minutes quiet_time{1};

}  // namespace

AsioProber::AsioProber(EventLoop& loop, Note note)
    : loop_(loop), note_(std::move(note)), tls_(make_check_tls()) {}

AsioProber::~AsioProber() {
    for (const auto& [id, run] : runs_) {
        run.probe->stop();
    }
}

ports::ProbeId AsioProber::start(const health::Probe& probe, std::function<void(bool up)> ended) {
    const auto id = ++last_;
    const auto run = make_run(probe, [this, id](const ProbeEnd& how) { this->ended(id, how); });
    runs_.emplace(id, Run{run, std::move(ended)});
    run->begin();
    return ports::ProbeId{id};
}

void AsioProber::cancel(ports::ProbeId probe) {
    if (const auto run = runs_.extract(probe.value())) {
        run.mapped().probe->stop();
    }
}

std::shared_ptr<ProbeRun> AsioProber::make_run(const health::Probe& probe, ProbeRun::Ended ended) {
    if (const auto* connect = std::get_if<health::ConnectProbe>(&probe)) {
        return make_connect_run(loop_, *connect, std::move(ended));
    }
    if (const auto* http = std::get_if<health::HttpProbe>(&probe)) {
        return make_http_run(loop_, tls_, *http, std::move(ended));
    }
    return make_program_run(loop_, std::get<health::ProgramProbe>(probe), std::move(ended));
}

void AsioProber::ended(std::uint64_t id, const ProbeEnd& how) {
    const auto run = runs_.extract(id);
    if (!how.trouble.empty()) {
        tell(how.trouble);
    }
    run.mapped().ended(how.up);
}

void AsioProber::tell(const std::string& trouble) {
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(told_, [&](const auto& one) { return now - one.second >= quiet_time; });
    if (told_.try_emplace(trouble, now).second && note_) {
        note_(trouble);
    }
}

}  // namespace lvslab::realmode
