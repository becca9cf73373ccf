//go:build interop

package interop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/internal/sdkhttp"
)

// localCode is the code that cognito-local "sends".
const localCode = "424242"

// localConfig makes users sign in with a username; otherwise it is their e-mail address.
const localConfig = `{"UserPoolDefaults":{"UsernameAttributes":[]}}`

// startCognitoLocal starts cognito-local, a server of other people's making, and returns a client
// of a pool in it.
func startCognitoLocal(t *testing.T) *cognito.Cognito {
	t.Helper()
	port := freePort(t)
	url := fmt.Sprintf("http://localhost:%d", port)
	script, err := filepath.Abs(filepath.Join(scripts, "node_modules/cognito-local/lib/bin/start.js"))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background()) // t.Context ends before the cleanup that waits
	data := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(data, ".cognito"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, ".cognito", "config.json"), []byte(localConfig), 0o600))
	node := exec.CommandContext(ctx, "node", script)
	node.Dir = data
	node.Env = append(node.Environ(), fmt.Sprint("PORT=", port), "HOST=localhost", "CODE="+localCode, "NODE_NO_WARNINGS=1")
	out, err := node.StdoutPipe()
	require.NoError(t, err)
	node.Stderr = node.Stdout
	require.NoError(t, node.Start())
	t.Cleanup(func() {
		stop()
		_ = node.Wait() // killed
	})
	waitFor(t, out, "Cognito Local running")

	sdk := cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: "local", BaseEndpoint: aws.String(url), HTTPClient: &http.Client{Transport: sdkhttp.Transport{}},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	pool, err := sdk.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{
		PoolName: aws.String("p"), AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"},
	})
	require.NoError(t, err)
	app, err := sdk.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{
		UserPoolId: pool.UserPool.Id, ClientName: aws.String("c"),
	})
	require.NoError(t, err)
	c, err := cognito.New(*pool.UserPool.Id, *app.UserPoolClient.ClientId, cognito.WithEndpoint(url), cognito.WithStaticCredentials("local", "local", ""))
	require.NoError(t, err)
	return c
}

// freePort is a port that was free a moment ago: cognito-local must know its own, for the issuer.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// waitFor reads what a server says until it says text, and then on, so that the server is not held
// up.
func waitFor(t *testing.T, out io.Reader, text string) {
	t.Helper()
	started := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				started <- true
			}
		}
		started <- false
	}()
	select {
	case ok := <-started:
		require.True(t, ok, "the server ended before it was ready")
	case <-time.After(time.Minute):
		t.Fatal("the server is not ready after a minute")
	}
}
