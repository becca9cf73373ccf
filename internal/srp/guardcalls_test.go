package srp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGuardsAreCalled requires the guards that no result shows. A test cannot produce u = 0, and
// cannot observe the time of a comparison or what is left in memory.
func TestGuardsAreCalled(t *testing.T) {
	t.Parallel()
	calls := callsByFunction(t)
	for function, want := range map[string][]string{
		"scrambler":           {"nonZero(u)"},
		"Client.Sign":         {"clear(key)"},
		"Client.sharedSecret": {"clear(x[:])", "clear(exponent)"},
		"newVerifier":         {"clear(x[:])"},
		"Server.Verify":       {"clear(key)", "hmac.Equal(claimed, sign(key, id, secretBlock, timestamp))"},
		"multiplyByEntry":     {"clear(entry[:])"},
	} {
		for _, call := range want {
			assert.Contains(t, calls[function], call, function)
		}
	}
}

// callsByFunction lists the calls in each function of the package, as they are written.
func callsByFunction(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, name := range []string{"arithmetic.go", "hash.go", "client.go", "server.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := function.Name.Name
			if function.Recv != nil {
				name = strings.TrimPrefix(types.ExprString(function.Recv.List[0].Type), "*") + "." + name
			}
			ast.Inspect(function, func(node ast.Node) bool {
				if call, ok := node.(*ast.CallExpr); ok {
					all[name] = append(all[name], types.ExprString(call))
				}
				return true
			})
		}
	}
	return all
}

// TestSaltsAreLong requires long salts. The encoding drops leading zeros, which makes single salts
// shorter, but not all.
func TestSaltsAreLong(t *testing.T) {
	t.Parallel()
	total := 0
	for range 100 {
		total += len(NewVerifier(someone, somePassword).Salt)
	}
	assert.Greater(t, total, 100*15)
}
