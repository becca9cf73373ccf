package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func ExampleVerifier_VerifyAccessToken() {
	srv, _ := examplePool()
	defer srv.Close()

	// At AWS the pool ID and the client IDs are enough.
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		cognito.WithIssuers(srv.Issuer()), cognito.WithClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}
	claims, err := v.VerifyAccessToken(context.Background(), srv.Token("bob", cognitotest.TokenOptions{Use: "access"}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Username, claims.Scopes())

	_, err = v.VerifyAccessToken(context.Background(), srv.Token("bob", cognitotest.TokenOptions{Use: "id"}))
	fmt.Println(err)
	// Output:
	// bob [aws.cognito.signin.user.admin]
	// cognito: access token: token is for another use: want access, got "id"
}

func ExampleVerifier_Handler() {
	srv, _ := examplePool()
	defer srv.Close()
	api := exampleAPI(srv, cognito.WithGroups("admins"))
	defer api.Close()

	request := func(token string) {
		req := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		api.Config.Handler.ServeHTTP(w, req)
		fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	}
	request("")
	request("garbage")
	request(srv.Token("bob", cognitotest.TokenOptions{}))
	request(srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"cognito:groups": []string{"admins"}}}))
	// Output:
	// 401 Bearer realm="api"
	// 401 Bearer error="invalid_token"
	// 403 Bearer error="insufficient_scope"
	// 200
}

func ExampleVerifier_VerifyInto() {
	srv, _ := examplePool()
	defer srv.Close()
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		cognito.WithIssuers(srv.Issuer()), cognito.WithClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}
	var claims struct {
		cognito.AccessClaims

		Tenant string `json:"tenant"` // added by a Lambda function
	}
	raw := srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"tenant": "blue"}})
	if err := v.VerifyInto(context.Background(), raw, cognito.AccessToken, &claims); err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Username, claims.Tenant)
	// Output: bob blue
}

// A server accepts the tokens of two pools. The issuer of a token selects the verifier.
func ExampleNewMultiVerifier() {
	var verifiers []*cognito.Verifier
	var tokens []string
	for _, name := range []string{"customers", "staff"} {
		srv := cognitotest.NewServer(cognitotest.Config{UserPoolID: "eu-west-1_" + name})
		defer srv.Close()
		srv.AddUser(cognitotest.User{Username: "one of the " + name})
		v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, cognito.WithIssuers(srv.Issuer()))
		if err != nil {
			log.Fatal(err)
		}
		verifiers, tokens = append(verifiers, v), append(tokens, srv.Token("one of the "+name, cognitotest.TokenOptions{}))
	}

	all, err := cognito.NewMultiVerifier(verifiers...)
	if err != nil {
		log.Fatal(err)
	}
	for _, raw := range tokens {
		claims, err := all.VerifyAccessToken(context.Background(), raw)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(claims.Username)
	}
	// Output:
	// one of the customers
	// one of the staff
}

// Use Check in frameworks that have their own type of handler.
func ExampleVerifier_Check() {
	srv, _ := examplePool()
	defer srv.Close()
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		cognito.WithIssuers(srv.Issuer()), cognito.WithClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}

	status := func(r *http.Request) int {
		claims, err := v.Check(r)
		switch {
		case errors.Is(err, cognito.ErrKeysUnavailable):
			return http.StatusServiceUnavailable // the token could not be checked
		case errors.Is(err, cognito.ErrNotInGroup), errors.Is(err, cognito.ErrInsufficientScope):
			return http.StatusForbidden
		case err != nil:
			return http.StatusUnauthorized
		default:
			fmt.Println("hello", claims.Username)
			return http.StatusOK
		}
	}
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	fmt.Println(status(r))
	r.Header.Set("Authorization", "Bearer "+srv.Token("bob", cognitotest.TokenOptions{}))
	fmt.Println(status(r))
	// Output:
	// 401
	// hello bob
	// 200
}

// Keyfunc supplies the pool's keys to a parser of golang-jwt, which must check the rest itself.
func ExampleVerifier_Keyfunc() {
	srv, _ := examplePool()
	defer srv.Close()
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, cognito.WithIssuers(srv.Issuer()))
	if err != nil {
		log.Fatal(err)
	}
	parser := jwt.NewParser(jwt.WithIssuer(srv.Issuer()), jwt.WithAudience(srv.ClientID), jwt.WithTimeFunc(srv.Now))
	token, err := parser.Parse(srv.Token("bob", cognitotest.TokenOptions{Use: "id"}), v.Keyfunc(context.Background()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Claims.(jwt.MapClaims)["email"])
	// Output: bob@example.com
}

// The program supplies the keys. Nothing is fetched, so keys to which the pool rotates later are
// unknown.
func ExampleWithJWKS() {
	srv, _ := examplePool()
	defer srv.Close()
	resp, err := http.Get(srv.JWKSURL()) //nolint:noctx // an example
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	keys, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}

	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		cognito.WithJWKS(keys), cognito.WithIssuers(srv.Issuer()), cognito.WithClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}
	claims, err := v.VerifyIDToken(context.Background(), srv.Token("bob", cognitotest.TokenOptions{Use: "id"}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Email, claims.EmailVerified)
	// Output: bob@example.com true
}
