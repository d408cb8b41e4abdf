#include "report/page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/markup.hpp"
#include "report/style.hpp"

namespace homespun::report {
namespace {

std::string_view name_of(Tone tone) {
    switch (tone) {
        case Tone::good:
            return "good";
        case Tone::warning:
            return "warning";
        case Tone::bad:
            return "bad";
        case Tone::neutral:
            break;
    }
    return "neutral";
}

/// What the colour says, for those who do not see it.
std::string sign_of(Tone tone) {
    std::string_view sign = "i";
    std::string_view words = "Note";
    switch (tone) {
        case Tone::good:
            sign = "✓", words = "Good";
            break;
        case Tone::warning:
            sign = "!", words = "Warning";
            break;
        case Tone::bad:
            sign = "✕", words = "Bad";
            break;
        case Tone::neutral:
            break;
    }
    return fmt::format(R"(<span class="sign" role="img" aria-label="{}">{}</span>)", words, sign);
}

std::string_view class_of(Align align) {
    switch (align) {
        case Align::right:
            return "right";
        case Align::center:
            return "center";
        case Align::left:
            break;
    }
    return "";
}

/// The attribute with its blank before it, or nothing.
std::string class_attribute(std::string_view first, std::string_view second = {}) {
    const auto gap = first.empty() || second.empty() ? "" : " ";
    if (first.empty() && second.empty()) return {};
    return fmt::format(R"( class="{}{}{}")", first, gap, second);
}

std::string cell_markup(const Cell& cell, Align align) {
    if (cell.tone == Tone::neutral) {
        return fmt::format("<td{}>{}</td>", class_attribute(class_of(align)), escape(cell.text));
    }
    const auto toned = fmt::format("toned {}", name_of(cell.tone));
    // A sign, so that the colour is not all there is.
    const std::string_view sign = cell.tone == Tone::good ? "✓ " : cell.tone == Tone::bad ? "✕ " : "! ";
    return fmt::format("<td{}>{}{}</td>", class_attribute(toned, class_of(align)), sign, escape(cell.text));
}

std::string tile_markup(const Tile& tile) {
    auto text = fmt::format(R"(<div class="tile {}"><dt>{}</dt><dd class="value">{}</dd>)",
                            name_of(tile.tone), escape(tile.label), escape(tile.value));
    if (!tile.note.empty()) text += fmt::format(R"(<dd class="note">{}</dd>)", escape(tile.note));
    return text + "</div>";
}

}  // namespace

Page& Page::subtitle(std::string text) {
    subtitle_ = std::move(text);
    return *this;
}

Page& Page::verdict(Tone tone, std::string sentence) {
    tone_ = tone;
    sentence_ = std::move(sentence);
    return *this;
}

Page& Page::tile(Tile tile) {
    tiles_.push_back(std::move(tile));
    return *this;
}

Page& Page::section(std::string_view heading) {
    close_open();
    const auto id = fmt::format("s{}", headings_.size() + 1);
    headings_.push_back({std::string(heading), id});
    body_ += fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n", id, escape(heading));
    section_open_ = true;
    return *this;
}

Page& Page::subheading(std::string_view heading) {
    body_ += fmt::format("<h3>{}</h3>\n", escape(heading));
    return *this;
}

Page& Page::paragraph(std::string_view text) {
    body_ += fmt::format("<p>{}</p>\n", escape(text));
    return *this;
}

Page& Page::note(Tone tone, std::string_view text) {
    body_ +=
        fmt::format("<div class=\"note {}\">{}<p>{}</p></div>\n", name_of(tone), sign_of(tone), escape(text));
    return *this;
}

Page& Page::list(const std::vector<std::string>& items) {
    if (items.empty()) return *this;
    body_ += "<ul>";
    for (const auto& item : items)
        body_ += "<li>" + escape(item) + "</li>\n";
    body_ += "</ul>\n";
    return *this;
}

Page& Page::table(const Table& table) {
    // Wide tables scroll by themselves; the tab stop lets a keyboard do it.
    const auto label = escape(table.caption.empty() ? "Table" : table.caption);
    body_ += fmt::format(R"(<div class="scroll" role="region" tabindex="0" aria-label="{}"><table>)", label);
    if (!table.caption.empty()) body_ += "<caption>" + label + "</caption>";
    body_ += "<thead><tr>";
    for (const auto& [header, align] : table.columns) {
        body_ +=
            fmt::format(R"(<th scope="col"{}>{}</th>)", class_attribute(class_of(align)), escape(header));
    }
    body_ += "</tr></thead>\n<tbody>";
    for (const auto& row : table.rows) {
        body_ += "<tr>";
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            body_ += cell_markup(i < row.size() ? row[i] : Cell(""), table.columns[i].align);
        }
        body_ += "</tr>\n";
    }
    body_ += "</tbody></table></div>\n";
    return *this;
}

Page& Page::definitions(const Definitions& entries) {
    if (entries.empty()) return *this;
    body_ += R"(<dl class="facts">)";
    for (const auto& [name, value] : entries) {
        body_ += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value));
    }
    body_ += "</dl>\n";
    return *this;
}

Page& Page::code(std::string_view text) {
    body_ += "<pre><code>" + escape(text) + "</code></pre>\n";
    return *this;
}

Page& Page::figure_svg(std::string_view wide, std::string_view narrow, std::string_view caption) {
    body_ += "<figure>";
    if (!wide.empty())
        body_ += fmt::format(R"(<div class="wide{}">{}</div>)", narrow.empty() ? "" : " both", wide);
    if (!narrow.empty()) {
        body_ += fmt::format(R"(<div class="{}">{}</div>)", wide.empty() ? "only" : "narrow", narrow);
    }
    if (!caption.empty()) body_ += "<figcaption>" + escape(caption) + "</figcaption>";
    body_ += "</figure>\n";
    return *this;
}

Page& Page::begin_fold(std::string_view summary) {
    end_row();
    end_fold();
    body_ += "<details><summary>" + escape(summary) + "</summary>\n";
    fold_open_ = true;
    return *this;
}

Page& Page::end_fold() {
    end_row();
    if (fold_open_) body_ += "</details>\n";
    fold_open_ = false;
    return *this;
}

Page& Page::begin_row() {
    end_row();
    body_ += R"(<div class="row">)";
    row_open_ = true;
    return *this;
}

Page& Page::end_row() {
    if (row_open_) body_ += "</div>\n";
    row_open_ = false;
    return *this;
}

void Page::close_open() {
    end_fold();
    if (section_open_) body_ += "</section>\n";
    section_open_ = false;
}

std::string Page::head_markup() const {
    auto head = fmt::format("<header><h1>{}</h1>", escape(title_));
    if (!subtitle_.empty()) head += "<p>" + escape(subtitle_) + "</p>";
    head += "</header>\n";
    if (!sentence_.empty() || !tiles_.empty()) {
        head += fmt::format(R"(<div class="verdict {}">)", name_of(tone_));
        if (!sentence_.empty()) {
            head += fmt::format(R"(<p class="say">{}<span>{}</span></p>)", sign_of(tone_), escape(sentence_));
        }
        if (!tiles_.empty()) {
            head += R"(<dl class="tiles">)";
            for (const auto& tile : tiles_)
                head += tile_markup(tile);
            head += "</dl>";
        }
        head += "</div>\n";
    }
    // With one or two sections there is nothing to find.
    if (headings_.size() < 3) return head;
    head += R"(<nav aria-label="Contents"><ol>)";
    for (const auto& [text, id] : headings_) {
        head += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", id, escape(text));
    }
    return head + "</ol></nav>\n";
}

std::string Page::html() const {
    auto closed = *this;
    closed.close_open();
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
        "<meta http-equiv=\"Content-Security-Policy\" "
        "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
        "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<div class=\"all\">\n{}<main>\n{}</main>\n"
        "</div>\n</body>\n</html>\n",
        escape(title_), style_sheet(), head_markup(), closed.body_);
}

}  // namespace homespun::report
