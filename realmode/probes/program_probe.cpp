// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/program_probe.hpp"

#include <utility>

#include "realmode/probes/program_run.hpp"

namespace lvslab::realmode {
namespace {

class SendProgram final : public ProbeRun {
public:
    SendProgram(EventLoop& loop, health::ProgramProbe probe, Ended ended)
        : ProbeRun(loop, std::move(ended)), probe_(std::move(probe)) {}

    void begin() override {
        Program program;
        program.arguments = probe_.arguments;
        program.limit = probe_.limit;
        program_ = std::make_unique<ProgramRun>(
            loop(), program, unless_over([this](const ProgramEnd& how) {
                end({health::says_up(probe_, how.result), how.trouble});
            }));
    }

private:
    void close() override { program_.reset(); }

    health::ProgramProbe probe_;
    std::unique_ptr<ProgramRun> program_;
};

}  // namespace

std::shared_ptr<ProbeRun> make_program_run(EventLoop& loop, const health::ProgramProbe& probe,
                                           ProbeRun::Ended ended) {
    return std::make_shared<SendProgram>(loop, probe, std::move(ended));
}

}  // namespace lvslab::realmode
