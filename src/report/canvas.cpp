#include "report/canvas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/markup.hpp"

namespace homespun::report {
namespace {

constexpr std::array<std::string_view, 8> series_fallback = {"#2651d6", "#e07309", "#058d66", "#5c136f",
                                                             "#874900", "#2197ed", "#810025", "#626481"};
constexpr std::array<std::string_view, heat_steps> heat_fallback = {
    "#e3edf8", "#c5dbf0", "#9fc5e6", "#71a9d8", "#478cc7", "#2a6fb0", "#1d5592", "#153d70", "#0e284d"};

std::string_view anchor_name(Anchor anchor) {
    switch (anchor) {
        case Anchor::middle:
            return "middle";
        case Anchor::end:
            return "end";
        case Anchor::start:
            break;
    }
    return "start";
}

}  // namespace

std::string series_color(int number) {
    const auto index = static_cast<std::size_t>(std::max(number, 1) - 1) % series_fallback.size();
    return fmt::format("var(--series-{},{})", index + 1, series_fallback[index]);
}

std::string tone_color(Tone tone) {
    switch (tone) {
        case Tone::good:
            return "var(--good,#0b7a4b)";
        case Tone::warning:
            return "var(--warning,#9a6200)";
        case Tone::bad:
            return "var(--bad,#c02637)";
        case Tone::neutral:
            break;
    }
    return "currentColor";
}

std::string heat_color(int step) {
    const auto index = static_cast<std::size_t>(std::clamp(step, 1, heat_steps) - 1);
    return fmt::format("var(--heat-{},{})", index + 1, heat_fallback[index]);
}

std::string heat_ink(int step) {
    if (step == 5) return "var(--heat-ink-mid,#0d1824)";
    return step < 5 ? "var(--heat-ink-low,#14202e)" : "var(--heat-ink-high,#fff)";
}

std::string surface_color() {
    return "var(--surface,#fff)";
}

std::string coordinate(double value) {
    // Far outside of every drawing, and still exact in single precision.
    const double sound = std::isfinite(value) ? std::clamp(value, -99999.0, 99999.0) : 0;
    auto text = fmt::format("{:.1f}", sound);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text == "-0" ? "0" : text;
}

void Canvas::close(std::string_view element, std::string_view tip) {
    if (tip.empty()) {
        out_ += "/>";
        return;
    }
    out_ += fmt::format("><title>{}</title></{}>", escape(tip), element);
}

void Canvas::line(double x1, double y1, double x2, double y2, std::string_view style) {
    out_ += fmt::format(R"(<line x1="{}" y1="{}" x2="{}" y2="{}" style="{}"/>)", coordinate(x1),
                        coordinate(y1), coordinate(x2), coordinate(y2), style);
}

void Canvas::rect(const Box& box, std::string_view style, std::string_view tip, double radius) {
    out_ += fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" )", coordinate(box.left),
                        coordinate(box.top), coordinate(std::max(box.width, 0.0)),
                        coordinate(std::max(box.height, 0.0)));
    if (radius > 0) out_ += fmt::format(R"(rx="{}" )", coordinate(radius));
    out_ += fmt::format(R"(style="{}")", style);
    close("rect", tip);
}

void Canvas::circle(double x, double y, double radius, std::string_view style, std::string_view tip) {
    out_ += fmt::format(R"(<circle cx="{}" cy="{}" r="{}" style="{}")", coordinate(x), coordinate(y),
                        coordinate(radius), style);
    close("circle", tip);
}

void Canvas::path(std::string_view data, std::string_view style) {
    if (data.empty()) return;
    out_ += fmt::format(R"(<path d="{}" style="{}"/>)", data, style);
}

void Canvas::text(double x, double y, std::string_view words, const TextStyle& style) {
    if (words.empty()) return;
    out_ += fmt::format(R"(<text x="{}" y="{}" font-size="{}" )", coordinate(x), coordinate(y),
                        coordinate(style.size));
    if (style.anchor != Anchor::start) out_ += fmt::format(R"(text-anchor="{}" )", anchor_name(style.anchor));
    if (style.bold) out_ += R"(font-weight="600" )";
    if (style.muted) out_ += R"(fill-opacity=".72" )";
    out_ += R"(style="fill:)" + (style.color.empty() ? std::string("currentColor") : style.color);
    if (style.halo)
        out_ += ";paint-order:stroke;stroke-width:3px;stroke-linejoin:round;stroke:" + surface_color();
    out_ += "\">" + escape(words) + "</text>";
}

void Canvas::begin_clip(const Box& box) {
    // A nested <svg> clips by itself: no <clipPath>, whose id would have to be unique on the page.
    out_ +=
        fmt::format(R"(<svg x="{0}" y="{1}" width="{2}" height="{3}" viewBox="{0} {1} {2} {3}">)",
                    coordinate(box.left), coordinate(box.top), coordinate(box.width), coordinate(box.height));
}

std::string Canvas::finish(double height, std::string_view title, std::string_view description) const {
    return fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" role="img" width="100%" viewBox="0 0 {} {}" )"
        R"(font-family="system-ui,sans-serif"><title>{}</title><desc>{}</desc>{}</svg>)",
        coordinate(width_), coordinate(height), escape(title), escape(description), out_);
}

}  // namespace homespun::report
