package histories_test

import (
	"bytes"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gauntlet-go/gauntlet/histories"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		os.Exit(recordForever(path))
	}
	goleak.VerifyTestMain(m)
}

// buffer is a file in memory that the recorder and the test use together.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// text returns what has been written so far.
func (b *buffer) text() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.b.Bytes())
}

// read parses what has been written so far.
func (b *buffer) read(t require.TestingT) *histories.History {
	h, err := histories.Read(bytes.NewReader(b.text()), "history.jsonl")
	require.NoError(t, err)
	return h
}

// requireRule asserts that err breaks the rule and returns it.
func requireRule(t require.TestingT, err error, rule histories.Rule) *histories.Error {
	var broken *histories.Error
	require.Truef(t, errors.As(err, &broken), "%v is no *histories.Error", err)
	require.Equal(t, rule, broken.Rule, "%v", err)
	require.NotEmpty(t, broken.Found)
	require.NotEmpty(t, broken.Expected)
	return broken
}
