package cognitogrpc_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/contrib/cognitogrpc"
)

// greeter is a service. Its method is called for good tokens only, and has a rule of its own.
type greeter struct {
	grpc_health_v1.UnimplementedHealthServer
}

func (greeter) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	claims, _ := cognito.ClaimsFromContext(ctx)
	if !claims.HasGroup("readers") {
		return nil, status.Error(codes.PermissionDenied, "readers only")
	}
	fmt.Println("hello", claims.Username)
	return &grpc_health_v1.HealthCheckResponse{}, nil
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

	interceptors := cognitogrpc.New(verifier)
	server := grpc.NewServer(grpc.UnaryInterceptor(interceptors.Unary), grpc.StreamInterceptor(interceptors.Stream))
	grpc_health_v1.RegisterHealthServer(server, greeter{})
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()

	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	client := grpc_health_v1.NewHealthClient(conn)
	_, err = client.Check(context.Background(), &grpc_health_v1.HealthCheckRequest{})
	fmt.Println(status.Code(err))
	token := srv.Token("bob", cognitotest.TokenOptions{Use: "access"})
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token)
	_, err = client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	fmt.Println(status.Code(err))
	// Output:
	// Unauthenticated
	// hello bob
	// OK
}
