// SPDX-License-Identifier: GPL-2.0-only
/// What becomes of a run's events, whichever world tells them: journal, summary, verdicts, the
/// folder of the result.
#pragma once

#include <memory>

#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/cli/run_arguments.hpp"
#include "sim/cli/run_output.hpp"

namespace lvslab::cli {

class RunKeeper {
public:
    /// All three must outlive it.
    RunKeeper(const RunArguments& arguments, const scenario::Scenario& scenario, RunOutput& output);
    ~RunKeeper();
    RunKeeper(const RunKeeper&) = delete;
    RunKeeper& operator=(const RunKeeper&) = delete;

    /// Takes the run's events.
    journal::Sink& sink();
    /// The run is over as planned: puts the result in place and tells its table. The command's exit
    /// code.
    int finish();

private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace lvslab::cli
