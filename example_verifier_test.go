package cognito_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func ExampleVerifier_VerifyAccessToken() {
	srv, _ := examplePool()
	defer srv.Close()

	// At AWS the pool ID and the client IDs are enough.
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		cognito.WithIssuers(srv.Issuer()), cognito.WithVerifierClock(srv.Now))
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
		cognito.WithIssuers(srv.Issuer()), cognito.WithVerifierClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}
	var claims struct {
		cognito.AccessClaims

		Tenant string `json:"tenant"` // as a Lambda function added it
	}
	raw := srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"tenant": "blue"}})
	if err := v.VerifyInto(context.Background(), raw, cognito.AccessToken, &claims); err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Username, claims.Tenant)
	// Output: bob blue
}
