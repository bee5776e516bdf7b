// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/check_dialogue.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace lvslab::world {
namespace {

constexpr std::string_view http_method = "GET ";

/// True if one of the two begins with the other: more bytes may tell.
bool may_become(std::string_view heard, std::string_view text) {
    return text.starts_with(heard.substr(0, text.size()));
}

bool ends_http_header(std::string_view heard) {
    return heard.find("\r\n\r\n") != std::string_view::npos ||
           heard.find("\n\n") != std::string_view::npos;
}

}  // namespace

std::string http_answer(std::string_view body) {
    return fmt::format(
        "HTTP/1.1 200 OK\r\nServer: lvslab\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
        "Connection: close\r\n\r\n{}",
        body.size(), body);
}

CheckDialogue::CheckDialogue(std::vector<CheckAnswer> known, std::string body)
    : known_(std::move(known)), body_(std::move(body)) {}

CheckDialogue::Step CheckDialogue::begin() {
    const auto banner =
        std::ranges::find_if(known_, [](const CheckAnswer& c) { return c.send.empty(); });
    if (banner == known_.end()) {
        return {};
    }
    answer_ = banner->answer;
    return {.say = {}, .work = true, .refuse = false};
}

CheckDialogue::Step CheckDialogue::take(std::string_view bytes) {
    if (first_ && !bytes.empty()) {
        first_ = false;
        if (begins_like_tls(bytes)) {
            tls_ = TlsEnd::server();
        }
    }
    if (!tls_) {
        return take_clear(bytes);
    }
    auto said = tls_->feed(bytes);
    auto step = take_clear(tls_->take_data());
    step.say = std::move(said);
    step.refuse = step.refuse || tls_->broken();
    return step;
}

CheckDialogue::Step CheckDialogue::take_clear(std::string_view bytes) {
    heard_.append(bytes);
    Step step;
    if (!heard_.empty() && is_whole(step)) {
        step.work = true;
        heard_.clear();
    }
    return step;
}

/// Sets the answer if the request under way is whole; refuses what can become none.
bool CheckDialogue::is_whole(Step& step) {
    if (may_become(heard_, program_greeting)) {
        answer_ = heard_;
        return heard_.size() >= program_message;
    }
    const auto check = std::ranges::find_if(known_, [&](const CheckAnswer& c) {
        return !c.send.empty() && std::string_view(heard_).starts_with(c.send);
    });
    if (check != known_.end()) {
        answer_ = check->answer;
        closes_ = check->send.starts_with(http_method);
        return true;
    }
    if (may_become(heard_, http_method)) {
        answer_ = http_answer(body_);
        closes_ = true;
        return ends_http_header(heard_);
    }
    step.refuse = std::ranges::none_of(known_, [&](const CheckAnswer& c) {
        return !c.send.empty() && may_become(heard_, c.send);
    });
    return false;
}

std::string CheckDialogue::answer() {
    auto said = std::exchange(answer_, {});
    return tls_ ? tls_->wrap(said) : said;
}

}  // namespace lvslab::world
