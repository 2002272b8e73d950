// Command tsdb-write turns a plain text history on standard input into
// Prometheus TSDB blocks, so that a test can give a Prometheus server months
// of samples within seconds.
//
// The input is made of lines:
//
//	S <id> <name>{label="value",...}    declares a series
//	T <unix_ms> <id>=<value> ...        one instant, with samples of it
//
// Blank lines and lines that start with '#' are passed over. An id is any word
// without blanks or '='; plain decimal numbers are the fastest. Label values
// are quoted as Go quotes strings. The value NaN is written as a stale marker:
// it ends the series, as a vanished target does. Times never go backwards.
//
// A block is cut at every multiple of the block duration, so the memory needed
// is that of two blocks, however long the history.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
	"github.com/prometheus/prometheus/tsdb/tombstones"
)

const (
	// What Prometheus itself puts into one chunk.
	samplesPerChunk = 120
	// Ids that are numbers below this are looked up in a slice, not a map.
	denseIDs = 1 << 22
	// The longest line that is read.
	maxLine = 1 << 30
)

var staleNaN = math.Float64frombits(value.StaleNaN)

type series struct {
	id     string
	labels labels.Labels

	chunks []chunks.Meta // Of the current block; the last one is open.
	app    chunkenc.Appender
	open   int   // Samples in the open chunk.
	last   int64 // Time of the newest sample.
}

type writer struct {
	dir   string
	block int64

	dense  []*series
	sparse map[string]*series
	all    []*series
	known  map[string]string // Canonical label set to id.
	sorted bool              // Whether all is in label order.

	started    bool
	blockEnd   int64 // The current block's exclusive end.
	now        int64
	mint, maxt int64 // Of the samples in the current block.
	inBlock    uint64

	pending chan error // One block is written while the next is read.

	samples, stale, blocks uint64
}

func main() {
	dir := flag.String("dir", "", "folder to write the blocks into (made if missing)")
	block := flag.Duration("block", 24*time.Hour, "duration of one block")
	flag.Parse()
	if *dir == "" || flag.NArg() != 0 {
		fmt.Fprintln(os.Stderr, "usage: tsdb-write -dir OUT [-block 24h] < history")
		os.Exit(2)
	}
	if block.Milliseconds() < 1 {
		fmt.Fprintln(os.Stderr, "tsdb-write: -block must be at least 1ms")
		os.Exit(2)
	}
	debug.SetGCPercent(200)
	w := &writer{
		dir:    *dir,
		block:  block.Milliseconds(),
		sparse: map[string]*series{},
		known:  map[string]string{},
	}
	if err := w.run(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "tsdb-write:", err)
		os.Exit(1)
	}
	fmt.Printf("series=%d samples=%d stale=%d blocks=%d\n", len(w.all), w.samples, w.stale, w.blocks)
}

func (w *writer) run(in io.Reader) error {
	if err := os.MkdirAll(w.dir, 0o777); err != nil {
		return err
	}
	err := w.read(in)
	if err == nil {
		err = w.cut()
	}
	return errors.Join(err, w.wait())
}

func (w *writer) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<20), maxLine)
	for n := 1; lines.Scan(); n++ {
		line := lines.Bytes()
		var err error
		switch {
		case bytes.HasPrefix(line, []byte("T ")):
			err = w.instant(line[2:])
		case bytes.HasPrefix(line, []byte("S ")):
			err = w.declare(string(line[2:]))
		case len(bytes.TrimSpace(line)) == 0 || line[0] == '#':
		default:
			err = fmt.Errorf("neither an S nor a T line: %.60q", line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

// declare handles the rest of an S line.
func (w *writer) declare(rest string) error {
	id, text, ok := strings.Cut(strings.TrimSpace(rest), " ")
	if !ok || id == "" || strings.Contains(id, "=") {
		return errors.New(`want: S <id> <name>{label="value",...}`)
	}
	if w.find([]byte(id)) != nil {
		return fmt.Errorf("series %s is declared twice", id)
	}
	lset, err := parseLabels(strings.TrimSpace(text))
	if err != nil {
		return fmt.Errorf("series %s: %w", id, err)
	}
	key := string(lset.Bytes(nil))
	if other, ok := w.known[key]; ok {
		return fmt.Errorf("series %s has the same labels as %s: %s", id, other, lset)
	}
	w.known[key] = id
	s := &series{id: id, labels: lset, last: math.MinInt64}
	if n, ok := denseID([]byte(id)); ok {
		if n >= len(w.dense) {
			w.dense = append(w.dense, make([]*series, n+1-len(w.dense))...)
		}
		w.dense[n] = s
	} else {
		w.sparse[id] = s
	}
	w.all = append(w.all, s)
	w.sorted = false
	return nil
}

// parseLabels reads name{label="value",...}. The name may be missing, or, for
// one that needs quotes, stand between the braces as a quoted word.
func parseLabels(text string) (labels.Labels, error) {
	none := labels.EmptyLabels()
	name, rest, braces := strings.Cut(text, "{")
	found := map[string]string{}
	if name = strings.TrimSpace(name); name != "" {
		found[labels.MetricName] = name
	}
	closed := !braces
	for !closed {
		rest = strings.TrimLeft(rest, " ,")
		if strings.HasPrefix(rest, "}") {
			closed = true
			rest = rest[1:]
			break
		}
		var label string
		quoted := strings.HasPrefix(rest, `"`)
		if quoted {
			var err error
			if label, rest, err = unquote(rest); err != nil {
				return none, err
			}
			rest = strings.TrimLeft(rest, " ")
		} else {
			var ok bool
			if label, rest, ok = strings.Cut(rest, "="); !ok {
				return none, fmt.Errorf("no '=' or '}' in %q", text)
			}
			label = strings.TrimSpace(label)
			rest = "=" + rest
		}
		val := ""
		if strings.HasPrefix(rest, "=") {
			var err error
			if val, rest, err = unquote(strings.TrimLeft(rest[1:], " ")); err != nil {
				return none, err
			}
		} else if quoted {
			label, val = labels.MetricName, label
		}
		if label == "" {
			return none, fmt.Errorf("a label without a name in %q", text)
		}
		if _, ok := found[label]; ok {
			return none, fmt.Errorf("label %s is there twice in %q", label, text)
		}
		found[label] = val
		if rest = strings.TrimLeft(rest, " "); !strings.HasPrefix(rest, ",") && !strings.HasPrefix(rest, "}") {
			return none, fmt.Errorf("want ',' or '}' before %q", rest)
		}
	}
	if braces && strings.TrimSpace(rest) != "" {
		return none, fmt.Errorf("unexpected %q after the labels", rest)
	}
	for k, v := range found {
		if v == "" { // As in Prometheus: an empty label is a missing one.
			delete(found, k)
		}
	}
	if len(found) == 0 {
		return none, errors.New("no name and no labels")
	}
	return labels.FromMap(found), nil
}

func unquote(s string) (text, rest string, err error) {
	q, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", "", fmt.Errorf("want a quoted string at %q", s)
	}
	text, err = strconv.Unquote(q)
	return text, s[len(q):], err
}

// denseID reads a plain decimal number without leading zeros.
func denseID(id []byte) (int, bool) {
	if len(id) == 0 || len(id) > 7 || (id[0] == '0' && len(id) > 1) {
		return 0, false
	}
	n := 0
	for _, c := range id {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n < denseIDs
}

func (w *writer) find(id []byte) *series {
	if n, ok := denseID(id); ok {
		if n < len(w.dense) {
			return w.dense[n]
		}
		return nil
	}
	return w.sparse[string(id)]
}

// instant handles the rest of a T line.
func (w *writer) instant(rest []byte) error {
	word, rest := nextWord(rest)
	t, err := strconv.ParseInt(string(word), 10, 64)
	if err != nil {
		return fmt.Errorf("time %q is not a whole number of milliseconds", word)
	}
	if w.started && t < w.now {
		return fmt.Errorf("time goes back from %d to %d", w.now, t)
	}
	if !w.started || t >= w.blockEnd {
		if err := w.cut(); err != nil {
			return err
		}
		w.blockEnd = floorDiv(t, w.block)*w.block + w.block
		w.started = true
	}
	w.now = t
	for {
		if word, rest = nextWord(rest); len(word) == 0 {
			return nil
		}
		eq := bytes.IndexByte(word, '=')
		if eq < 0 {
			return fmt.Errorf("want <id>=<value>, not %q", word)
		}
		s := w.find(word[:eq])
		if s == nil {
			return fmt.Errorf("series %q is not declared", word[:eq])
		}
		v, err := parseValue(word[eq+1:])
		if err != nil {
			return fmt.Errorf("series %s: %w", s.id, err)
		}
		if t <= s.last {
			return fmt.Errorf("series %s has two samples at %d", s.id, t)
		}
		if err := s.append(t, v); err != nil {
			return err
		}
		if w.inBlock == 0 {
			w.mint = t
		}
		w.maxt = t
		w.inBlock++
		if value.IsStaleNaN(v) {
			w.stale++
		}
	}
}

func nextWord(b []byte) (word, rest []byte) {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r') {
		b = b[1:]
	}
	for i, c := range b {
		if c == ' ' || c == '\t' || c == '\r' {
			return b[:i], b[i:]
		}
	}
	return b, nil
}

func parseValue(b []byte) (float64, error) {
	// Whole numbers that a float holds exactly, the usual counter.
	if len(b) > 0 && len(b) <= 15 {
		n := uint64(0)
		whole := true
		for _, c := range b {
			if c < '0' || c > '9' {
				whole = false
				break
			}
			n = n*10 + uint64(c-'0')
		}
		if whole {
			return float64(n), nil
		}
	}
	if len(b) == 0 {
		return 0, errors.New("a sample without a value")
	}
	v, err := strconv.ParseFloat(unsafe.String(&b[0], len(b)), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%q is not a number", b)
	}
	if math.IsNaN(v) {
		return staleNaN, nil
	}
	return v, nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (s *series) append(t int64, v float64) error {
	if s.app == nil || s.open == samplesPerChunk {
		s.close()
		c := chunkenc.NewXORChunk()
		app, err := c.Appender()
		if err != nil {
			return err
		}
		s.app, s.open = app, 0
		s.chunks = append(s.chunks, chunks.Meta{Chunk: c, MinTime: t})
	}
	s.app.Append(0, t, v)
	s.open++
	s.last = t
	return nil
}

func (s *series) close() {
	if s.app == nil {
		return
	}
	m := &s.chunks[len(s.chunks)-1]
	m.MaxTime = s.last
	m.Chunk.Compact()
	s.app = nil
}

type blockSeries struct {
	labels labels.Labels
	chunks []chunks.Meta
}

// cut ends the current block and starts to write it.
func (w *writer) cut() error {
	if err := w.wait(); err != nil {
		return err
	}
	if w.inBlock == 0 {
		return nil
	}
	if !w.sorted {
		slices.SortFunc(w.all, func(a, b *series) int { return labels.Compare(a.labels, b.labels) })
		w.sorted = true
	}
	content := make([]blockSeries, 0, len(w.all))
	for _, s := range w.all {
		s.close()
		if len(s.chunks) > 0 {
			content = append(content, blockSeries{s.labels, s.chunks})
			s.chunks = make([]chunks.Meta, 0, len(s.chunks))
		}
	}
	meta := tsdb.BlockMeta{Version: 1, MinTime: w.mint, MaxTime: w.maxt + 1}
	meta.Stats.NumSamples = w.inBlock
	meta.Stats.NumFloatSamples = w.inBlock
	w.samples += w.inBlock
	w.inBlock = 0
	w.blocks++
	w.pending = make(chan error, 1)
	go func(done chan<- error) { done <- writeBlock(w.dir, meta, content) }(w.pending)
	return nil
}

func (w *writer) wait() error {
	if w.pending == nil {
		return nil
	}
	err := <-w.pending
	w.pending = nil
	return err
}

func writeBlock(dest string, meta tsdb.BlockMeta, content []blockSeries) (err error) {
	id, err := ulid.New(ulid.Now(), rand.Reader)
	if err != nil {
		return err
	}
	meta.ULID = id
	meta.Compaction = tsdb.BlockMetaCompaction{Level: 1, Sources: []ulid.ULID{id}}
	// Prometheus removes a folder of this name when it starts, should we be stopped half-way.
	tmp := filepath.Join(dest, id.String()+".tmp-for-creation")
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("block of %d to %d: %w", meta.MinTime, meta.MaxTime, err), os.RemoveAll(tmp))
		}
	}()
	if err := os.MkdirAll(tmp, 0o777); err != nil {
		return err
	}
	if err := writeData(tmp, &meta, content); err != nil {
		return err
	}
	text, err := json.MarshalIndent(meta, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tmp, "meta.json"), text, 0o666); err != nil {
		return err
	}
	quiet := slog.New(slog.DiscardHandler)
	if _, err := tombstones.WriteFile(quiet, tmp, tombstones.NewMemTombstones()); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dest, id.String()))
}

func writeData(dir string, meta *tsdb.BlockMeta, content []blockSeries) (err error) {
	cw, err := chunks.NewWriter(filepath.Join(dir, "chunks"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cw.Close()) }()
	iw, err := index.NewWriter(context.Background(), filepath.Join(dir, "index"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, iw.Close()) }()

	seen := map[string]struct{}{}
	for _, s := range content {
		s.labels.Range(func(l labels.Label) {
			seen[l.Name] = struct{}{}
			seen[l.Value] = struct{}{}
		})
	}
	symbols := make([]string, 0, len(seen))
	for s := range seen {
		symbols = append(symbols, s)
	}
	slices.Sort(symbols)
	for _, s := range symbols {
		if err := iw.AddSymbol(s); err != nil {
			return err
		}
	}
	for i, s := range content {
		if err := cw.WriteChunks(s.chunks...); err != nil {
			return err
		}
		if err := iw.AddSeries(storage.SeriesRef(i), s.labels, s.chunks...); err != nil {
			return err
		}
		meta.Stats.NumSeries++
		meta.Stats.NumChunks += uint64(len(s.chunks))
	}
	return nil
}
