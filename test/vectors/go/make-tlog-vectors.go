// Makes ../go-tlog.json with Go's own golang.org/x/mod/sumdb tlog and note: another implementation's word on trees, proofs,
// checkpoints and cosignatures. Not part of the tests' run; by hand, on a machine with Go and that module:
//
//	go run make-tlog-vectors.go > ../go-tlog.json
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type tree struct{ hashes []tlog.Hash }

func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = t.hashes[index]
	}
	return out, nil
}

// A witness's key: c2sp.org/tlog-cosignature, written from its text, signing through note.Sign.
type cosigner struct {
	name string
	key  ed25519.PrivateKey
	time uint64
}

func (c cosigner) Name() string { return c.name }
func (c cosigner) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(c.name+"\n\x04"), c.key.Public().(ed25519.PublicKey)...))
	return binary.BigEndian.Uint32(sum[:])
}
func (c cosigner) Sign(msg []byte) ([]byte, error) {
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", c.time, msg)
	return append(binary.BigEndian.AppendUint64(nil, c.time), ed25519.Sign(c.key, []byte(signed))...), nil
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func texts(hashes []tlog.Hash) []string {
	out := []string{}
	for _, hash := range hashes {
		out = append(out, hash.String())
	}
	return out
}

func main() {
	const size = 21
	const origin = "example.com/countersign/log"
	t := &tree{}
	roots := []string{}
	for i := int64(0); i < size; i++ {
		hashes, err := tlog.StoredHashes(i, []byte(fmt.Sprintf("record %d", i)), t)
		must(err)
		t.hashes = append(t.hashes, hashes...)
		root, err := tlog.TreeHash(i+1, t)
		must(err)
		roots = append(roots, root.String())
	}
	type inclusion struct {
		Seq, Size int64
		Hashes    []string
	}
	type consistency struct {
		From, To int64
		Hashes   []string
	}
	inclusions, consistencies := []inclusion{}, []consistency{}
	for _, at := range []int64{1, 2, 7, 8, 13, 21} {
		for _, seq := range []int64{0, 3, 6, 12, 20} {
			if seq >= at {
				continue
			}
			proof, err := tlog.ProveRecord(at, seq, t)
			must(err)
			inclusions = append(inclusions, inclusion{seq, at, texts(proof)})
		}
		for _, from := range []int64{1, 2, 4, 6, 8, 13} {
			if from > at {
				continue
			}
			proof, err := tlog.ProveTree(at, from, t)
			must(err)
			consistencies = append(consistencies, consistency{from, at, texts(proof)})
		}
	}
	seed := sha256.Sum256([]byte("countersign test log"))
	logKey := ed25519.NewKeyFromSeed(seed[:])
	public := logKey.Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(origin, public)
	must(err)
	skey := fmt.Sprintf("PRIVATE+KEY+%s+%s", strings.Join(strings.SplitN(vkey, "+", 3)[:2], "+"), base64.StdEncoding.EncodeToString(append([]byte{1}, seed[:]...)))
	signer, err := note.NewSigner(skey)
	must(err)
	witnessSeed := sha256.Sum256([]byte("countersign test witness"))
	witness := cosigner{"witness.example/w1", ed25519.NewKeyFromSeed(witnessSeed[:]), 1679315147}
	checkpoint, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, size, roots[size-1])}, signer, witness)
	must(err)
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	must(encoder.Encode(map[string]any{
		"source":       "golang.org/x/mod/sumdb/tlog and note, by test/vectors/go/make-tlog-vectors.go; leaves are `record 0` to `record 20`; hashes in base64",
		"roots":        roots,
		"inclusion":    inclusions,
		"consistency":  consistencies,
		"logSeed":      base64.StdEncoding.EncodeToString(seed[:]),
		"logVkey":      vkey,
		"witnessSeed":  base64.StdEncoding.EncodeToString(witnessSeed[:]),
		"witnessTimeS": witness.time,
		"witnessVkey":  fmt.Sprintf("%s+%08x+%s", witness.name, witness.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{4}, witness.key.Public().(ed25519.PublicKey)...))),
		"checkpoint":   string(checkpoint),
	}))
}
