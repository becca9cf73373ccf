package srp

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoVariableTimeArithmetic requires that only tests use arithmetic whose time depends on its
// operands, or a predictable random source.
func TestNoVariableTimeArithmetic(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	checked := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			assert.NotContains(t, []string{"math/big", "math/rand", "math/rand/v2", "unsafe"}, path, name)
			if path != "filippo.io/bigmod" {
				assert.NotContains(t, path, ".", "%s: only the standard library and bigmod", name)
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if selector, ok := node.(*ast.SelectorExpr); ok {
				called := selector.Sel.Name
				leaks := strings.HasSuffix(called, "VarTime") || called == "SetOverflowingBytes" || called == "Bits" || called == "BitLen"
				assert.False(t, leaks, "%s: %s", name, called)
			}
			return true
		})
		checked++
	}
	require.GreaterOrEqual(t, checked, 6)
}

// TestNoBranchOnSecrets requires that the functions that compute with secrets have no branches and
// index only by loop counters.
func TestNoBranchOnSecrets(t *testing.T) {
	t.Parallel()
	const functions = " residue sub exp mulAdd powerOfG multiplyByEntry sharedSecret "
	const counters = " i secretSize first "
	checked := 0
	for _, name := range []string{"arithmetic.go", "hash.go", "client.go", "server.go"} {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || !strings.Contains(functions, " "+function.Name.Name+" ") {
				continue
			}
			checked++
			ast.Inspect(function.Body, func(node ast.Node) bool {
				at := ""
				if node != nil {
					at = files.Position(node.Pos()).String()
				}
				switch node := node.(type) {
				case *ast.IfStmt, *ast.SwitchStmt, *ast.BranchStmt, *ast.SelectStmt, *ast.GoStmt:
					t.Errorf("%s: a branch in %s", at, function.Name.Name)
				case *ast.BinaryExpr:
					assert.NotContains(t, []token.Token{token.LAND, token.LOR, token.QUO, token.REM}, secretOperator(node), at)
				case *ast.IndexExpr:
					ast.Inspect(node.Index, func(part ast.Node) bool {
						if identifier, ok := part.(*ast.Ident); ok {
							assert.Contains(t, counters, " "+identifier.Name+" ", "%s: the index", at)
						}
						return true
					})
				}
				return true
			})
		}
	}
	require.Equal(t, len(strings.Fields(functions))+1, checked, "sharedSecret is there twice, the rest once")
}

// secretOperator is the operator, unless the operands are counters: those may be divided.
func secretOperator(e *ast.BinaryExpr) token.Token {
	public := true
	ast.Inspect(e, func(node ast.Node) bool {
		if identifier, ok := node.(*ast.Ident); ok {
			public = public && slices.Contains([]string{"i", "n", "len", "max", "a", "u", "x", "b", "chunkSize"}, identifier.Name)
		}
		return true
	})
	if public && e.Op != token.LAND && e.Op != token.LOR {
		return token.ADD
	}
	return e.Op
}

// spellings are the ways in which a secret could be printed.
func spellings(secret []byte) []string {
	number := bytes.TrimLeft(secret, "\x00")
	limb := binary.BigEndian.Uint64(secret[len(secret)-8:])
	decimals := strings.Trim(fmt.Sprintf("%d", number[:8]), "[]")
	return []string{
		string(number[:8]), hex.EncodeToString(number[:8]), strings.ToUpper(hex.EncodeToString(number[:8])),
		decimals, strings.ReplaceAll(decimals, " ", ","), strings.ReplaceAll(decimals, " ", ", "),
		fmt.Sprintf("% x", number[:8]), strings.Trim(fmt.Sprintf("%#v", number[:8]), "[]byte{}"),
		base64.StdEncoding.EncodeToString(secret)[:8], base64.StdEncoding.EncodeToString(number)[:8],
		strconv.FormatUint(limb, 10), strconv.FormatUint(limb, 16), strconv.FormatUint(limb, 2),
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	v := NewVerifier(someone, somePassword)
	c, s := NewClient(), NewServer(v)
	ch := mustChallenge(t, s)
	u, err := scrambler(c.public, ch.padded)
	require.NoError(t, err)
	shared := c.sharedSecret(u, someone, somePassword, ch)
	key, err := c.key(someone, somePassword, ch)
	require.NoError(t, err)
	x := passwordExponent(v.Salt, someone, somePassword)
	secrets := map[string][]byte{
		"a": c.secret, "b": s.secret, "v": v.Value, "x": x[:], "S": shared.Bytes(group().n), "key": key,
	}
	values := map[string]any{
		"srp.Client{}": c, "srp.Server{}": s, "srp.Verifier{}": v,
	}
	for want, value := range values {
		for _, verb := range "vsdqxXobtcUeEfFgG" {
			for _, flags := range []string{"", "+", "#", " ", "0", "-30", "40.2", "[1]"} {
				format := "%" + flags + string(verb)
				require.Equal(t, want, fmt.Sprintf(format, value), format)
			}
		}
		assert.Equal(t, want+"\n", fmt.Sprintln(value))
		for _, format := range []string{"%T", "%y", "%!"} {
			requireNoSecret(t, fmt.Sprintf(format, value), secrets)
		}
		for _, nested := range []any{[]any{value}, struct{ X any }{value}, map[string]any{"x": value}} {
			requireNoSecret(t, fmt.Sprintf("%v %+v %#v", nested, nested, nested), secrets)
		}
	}
	requireNoSecret(t, fmt.Sprintf("%v %+v %#v", &v, []Verifier{v}, struct{ V Verifier }{v}), secrets)

	for _, newHandler := range []func(*bytes.Buffer) slog.Handler{
		func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		for want, value := range values {
			var out bytes.Buffer
			slog.New(newHandler(&out)).Info("m", slog.Any("x", value), slog.Group("g", slog.Any("y", value)))
			assert.Contains(t, out.String(), want)
			requireNoSecret(t, out.String(), secrets)
		}
		var out bytes.Buffer
		slog.New(newHandler(&out)).Info("m", slog.Any("x", ch), slog.Any("l", []any{ch}))
		requireNoSecret(t, out.String(), secrets)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		requireNoSecret(t, fmt.Sprintf(format, ch), secrets)
	}
	for _, value := range []any{c, s, ch} {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		requireNoSecret(t, string(text), secrets)
	}
}

func requireNoSecret(t *testing.T, text string, secrets map[string][]byte) {
	t.Helper()
	for name, secret := range secrets {
		for _, spelling := range spellings(secret) {
			require.NotContains(t, text, spelling, name)
		}
	}
}

// TestSpellings requires that the test above detects a printed secret.
func TestSpellings(t *testing.T) {
	t.Parallel()
	type open struct{ B []byte }
	secret := []byte{0, 0xca, 0xfe, 0xba, 0xbe, 1, 2, 3, 4, 5, 6, 7}
	value := open{secret}
	words := []uint64{binary.BigEndian.Uint64(secret[len(secret)-8:]), 0xcafeba}
	text, err := json.Marshal(value)
	require.NoError(t, err)
	for _, printed := range []string{
		fmt.Sprintf("%v", value), fmt.Sprintf("%#v", value), fmt.Sprintf("%x", value), fmt.Sprintf("%X", value),
		fmt.Sprintf("%s", value), fmt.Sprintf("% x", value), fmt.Sprint(words), fmt.Sprintf("%x", words), string(text),
	} {
		found := false
		for _, spelling := range spellings(secret) {
			found = found || strings.Contains(printed, spelling)
		}
		assert.True(t, found, printed)
	}
}
