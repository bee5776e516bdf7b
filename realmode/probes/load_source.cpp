// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/load_source.hpp"

#include <sstream>
#include <utility>

#include <boost/asio/post.hpp>

#include "core/health/load.hpp"
#include "realmode/probes/rstat_question.hpp"
#include "realmode/probes/whod_listener.hpp"

namespace lvslab::realmode {

NetworkLoadSource::NetworkLoadSource(EventLoop& loop, LoadSettings settings, Note note)
    : loop_(loop), settings_(std::move(settings)), note_(std::move(note)) {
    if (!note_) {
        note_ = [](const std::string&) {};
    }
}

NetworkLoadSource::~NetworkLoadSource() {
    *alive_ = false;
    for (const auto& [id, question] : questions_) {
        question->stop();
    }
}

void NetworkLoadSource::ask(const Address& server, const ports::LoadMethod& method,
                            std::function<void(std::optional<double> load)> answer) {
    switch (method.program) {
        case ports::LoadMethod::Program::rup:
            ask_rstatd(server, std::move(answer));
            return;
        case ports::LoadMethod::Program::ruptime:
            ask_rwhod(server, std::move(answer));
            return;
        case ports::LoadMethod::Program::uptime:
            ask_shell(server, method.remote_shell, std::move(answer));
            return;
    }
}

void NetworkLoadSource::ask_rstatd(const Address& server, Answer answer) {
    const auto id = ++last_;
    const auto question = std::make_shared<RstatQuestion>(
        loop_, server, settings_, [this, id, answer = std::move(answer)](auto load) {
            questions_.erase(id);
            answer(load);
        });
    questions_[id] = question;
    question->begin();
}

void NetworkLoadSource::ask_rwhod(const Address& server, Answer answer) {
    if (!whod_) {
        whod_ = std::make_unique<WhodListener>(loop_, settings_, note_);
    }
    const auto load = whod_->load_of(server);
    boost::asio::post(loop_, [alive = alive_, load, answer = std::move(answer)] {
        if (*alive) {
            answer(load);
        }
    });
}

void NetworkLoadSource::ask_shell(const Address& server, const std::string& remote_shell,
                                  Answer answer) {
    Program program;
    std::istringstream words(remote_shell);
    for (std::string word; words >> word;) {
        program.arguments.push_back(word);
    }
    program.arguments.push_back(server.to_string());
    program.arguments.emplace_back("uptime");
    program.limit = settings_.limit;
    const auto id = ++last_;
    programs_[id] = std::make_unique<ProgramRun>(
        loop_, program, [this, id, answer = std::move(answer)](const ProgramEnd& how) {
            programs_.erase(id);
            const bool well = !how.result.timed_out && how.result.exit_status == 0;
            answer(well ? health::read_load(how.result.output) : std::nullopt);
        });
}

}  // namespace lvslab::realmode
