package cognitoconnect_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/contrib/cognitoconnect"
)

// greet is called for good tokens only, and has a rule of its own.
func greet(ctx context.Context, _ *connect.Request[emptypb.Empty]) (*connect.Response[wrapperspb.StringValue], error) {
	claims, _ := cognito.ClaimsFromContext(ctx)
	if !claims.HasGroup("readers") {
		return nil, connect.NewError(connect.CodePermissionDenied, errors.New("readers only"))
	}
	return connect.NewResponse(wrapperspb.String("hello " + claims.Username)), nil
}

func Example() {
	// A pool in this process. At AWS its ID and that of the app client are all that a verifier needs.
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1", Groups: []string{"readers"}})
	verifier, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}

	const procedure = "/greet.v1.GreetService/Greet"
	mux := http.NewServeMux()
	mux.Handle(procedure, connect.NewUnaryHandler(procedure, greet, connect.WithInterceptors(cognitoconnect.New(verifier))))
	server := httptest.NewServer(mux)
	defer server.Close()

	client := connect.NewClient[emptypb.Empty, wrapperspb.StringValue](server.Client(), server.URL+procedure)
	req := connect.NewRequest(&emptypb.Empty{})
	_, err = client.CallUnary(context.Background(), req)
	fmt.Println(err)
	req.Header().Set("Authorization", "Bearer "+srv.Token("bob", cognitotest.TokenOptions{Use: "access"}))
	resp, err := client.CallUnary(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Msg.GetValue())
	// Output:
	// unauthenticated: unauthenticated
	// hello bob
}
